package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.WireException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * The transactions of a fleet in a file, an event a line: {@code begin} before the first side
 * effect, {@code committed}, and {@code ended} once no replica is left paused by it. The first two
 * are forced to disk before the call returns; an end that is lost is found again by asking. A last
 * line without its line feed was torn by a crash and does not count. One fleet writes. Thread-safe.
 */
public final class TransactionJournal {
  /** Lines that say nothing about the newest transaction are dropped beyond this size. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private volatile Optional<TraceId> unended = Optional.empty();

  /**
   * A transaction that has no {@code ended}.
   *
   * @param target what it makes the replicas serve
   * @param previous what they served before
   */
  public record Open(Target target, Optional<Target> previous, boolean committed) {}

  /**
   * What the file says.
   *
   * @param open the transaction that was in progress when the writer ended
   * @param served what the replicas serve after the last transaction that has ended; empty if that
   *     is not known
   * @param servers the admin listeners of the replicas of the last transaction
   */
  record State(Optional<Open> open, Optional<Target> served, List<String> servers) {}

  public TransactionJournal(Path file) {
    this.file = file;
  }

  /** A transaction begins on these servers. */
  synchronized void begin(Target target, Optional<Target> previous, List<String> servers) {
    if (size() > MAX_BYTES) {
      delete();
    }
    createDirectory();
    dropTorn();
    append(TransactionLine.begin(target, previous, servers), true);
    unended = Optional.of(target.attempt());
  }

  /** The policy version is that of {@code target}. */
  synchronized void committed(Target target) {
    append(TransactionLine.event(TransactionLine.COMMITTED, target), true);
  }

  /** Nothing is left to do for {@code target}. */
  synchronized void ended(Target target) {
    append(TransactionLine.event(TransactionLine.ENDED, target), false);
    unended = unended.filter(attempt -> !attempt.equals(target.attempt()));
  }

  /** Whether the newest transaction that was written has no end. */
  boolean unended() {
    return unended.isPresent();
  }

  private void append(byte[] line, boolean force) {
    ByteBuffer bytes = ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      if (force) {
        channel.force(true);
      }
    } catch (IOException e) {
      throw failed("written", e);
    }
  }

  private long size() {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  private void createDirectory() {
    Path directory = file.toAbsolutePath().getParent();
    try {
      if (directory != null) {
        Files.createDirectories(directory);
      }
    } catch (IOException e) {
      throw failed("written", e);
    }
  }

  /** A next line must not be joined to one that a crash has torn. */
  private void dropTorn() {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long size = channel.size();
      long end = size;
      ByteBuffer last = ByteBuffer.allocate(1);
      while (end > 0 && channel.read(last.clear(), end - 1) == 1 && last.get(0) != '\n') {
        end--;
      }
      if (end < size) {
        channel.truncate(end);
      }
    } catch (NoSuchFileException e) {
      // The first transaction.
    } catch (IOException e) {
      throw failed("written", e);
    }
  }

  private void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failed("written", e);
    }
  }

  /**
   * The transaction that was in progress when the writer ended.
   *
   * @throws FleetException if the file cannot be read, naming the line
   */
  public Optional<Open> open() {
    return state().open();
  }

  /**
   * All that the file says.
   *
   * @throws FleetException if the file cannot be read, naming the line
   */
  State state() {
    State state = new State(Optional.empty(), Optional.empty(), List.of());
    int number = 0;
    for (String line : lines()) {
      number++;
      try {
        TransactionLine read = TransactionLine.parse(line.getBytes(StandardCharsets.UTF_8));
        state = after(state, read);
      } catch (WireException e) {
        throw new FleetException("%s: line %d: %s".formatted(file, number, e.getMessage()), e);
      }
    }
    return state;
  }

  private static State after(State state, TransactionLine line) {
    if (line.event().equals(TransactionLine.BEGIN)) {
      return new State(
          Optional.of(new Open(line.target(), line.previous(), false)),
          line.previous(),
          line.servers());
    }
    Optional<Open> open =
        state.open().filter(o -> o.target().attempt().equals(line.target().attempt()));
    if (open.isEmpty()) {
      return state; // Of a transaction that another one has followed.
    }
    return switch (line.event()) {
      case TransactionLine.COMMITTED ->
          new State(
              Optional.of(new Open(open.get().target(), open.get().previous(), true)),
              Optional.of(open.get().target()),
              state.servers());
      case TransactionLine.ENDED -> new State(Optional.empty(), state.served(), state.servers());
      default -> throw new WireException("event: expected begin, committed or ended");
    };
  }

  private List<String> lines() {
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      int end = text.lastIndexOf('\n');
      return end < 0 ? List.of() : text.substring(0, end).lines().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  private FleetException failed(String verb, IOException e) {
    return new FleetException("%s: cannot be %s: %s".formatted(file, verb, e), e);
  }
}
