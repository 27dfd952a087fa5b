package dev.freshet.analysis.read;

import dev.freshet.analysis.AnalysisException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The log files that a command line names, each once: files as they are, and the {@code *.log*} and
 * {@code *.gz} in directories. At most {@link #MOST_FILES} are taken from a directory.
 *
 * @param files in the order named; the files of a directory by name
 * @param notes what was left out and why
 */
public record LogFiles(List<Path> files, List<String> notes) {
  static final int MOST_FILES = 2000;
  private static final int MOST_ENTRIES = 1_000_000;
  private static final int MOST_DEPTH = 16;
  private static final int SAMPLE = 1 << 16;

  public LogFiles {
    files = List.copyOf(files);
    notes = List.copyOf(notes);
  }

  /**
   * Finds them.
   *
   * @throws AnalysisException if a path does not exist or cannot be read
   */
  public static LogFiles find(List<Path> paths) {
    List<Path> files = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    Set<String> contents = new HashSet<>();
    for (Path path : paths) {
      for (Path file : Files.isDirectory(path) ? inDirectory(path, notes) : List.of(path)) {
        add(file, Files.isDirectory(path), seen, contents, files, notes);
      }
    }
    return new LogFiles(files, notes);
  }

  /** The log files that exist now, in directories or as named. Does not read them. */
  public static List<Path> present(List<Path> paths) {
    return paths.stream()
        .filter(Files::exists)
        .flatMap(
            path ->
                Files.isDirectory(path)
                    ? inDirectory(path, new ArrayList<>()).stream()
                    : Stream.of(path))
        .toList();
  }

  /**
   * Checks that all paths exist.
   *
   * @throws AnalysisException if one does not
   */
  public static void requirePresent(List<Path> paths) {
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new AnalysisException(path + ": not found, expected a log file or a directory");
      }
      if (!Files.isRegularFile(path) && !Files.isDirectory(path) && !isOpenPipe(path)) {
        throw new AnalysisException(
            "%s: a named pipe, socket or device, expected a log file or a directory; pass what it has to the standard input: freshet analyze - < %s"
                .formatted(path, path));
      }
    }
  }

  /** Whether a path is an open file of a process, as a shell makes for {@code <(command)}. */
  private static boolean isOpenPipe(Path path) {
    return path.toString().matches("/dev/(fd/\\d+|stdin)|/proc/[^/]+/fd/\\d+");
  }

  private static void add(
      Path file,
      boolean found,
      Set<Path> seen,
      Set<String> contents,
      List<Path> files,
      List<String> notes) {
    try {
      if (!found) {
        requirePresent(List.of(file));
      }
      if (Files.isRegularFile(file) && !seen.add(file.toRealPath())) {
        notes.add(file + " is named twice and was read once.");
      } else if (Files.isRegularFile(file) && !contents.add(sample(file))) {
        notes.add(file + " is a copy of an earlier file and was skipped.");
      } else {
        requireReadable(file);
        files.add(file);
      }
    } catch (NoSuchFileException e) {
      notes.add("%s vanished before it was read.".formatted(file));
    } catch (IOException e) {
      if (!found) {
        throw new AnalysisException(file + ": cannot be read: " + reason(e), e);
      }
      notes.add("%s cannot be read and was skipped: %s.".formatted(file, reason(e)));
    }
  }

  private static void requireReadable(Path file) throws IOException {
    if (Files.isRegularFile(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        in.read();
      }
    }
  }

  private static List<Path> inDirectory(Path dir, List<String> notes) {
    List<Path> logs = new ArrayList<>();
    Search search = new Search(logs, notes);
    try {
      Files.walkFileTree(dir, Set.of(), MOST_DEPTH, search);
    } catch (IOException e) {
      notes.add("%s was not searched completely: %s.".formatted(dir, reason(e)));
    }
    if (search.cutShort) {
      notes.add("%s has too many logs: only the first %d were read.".formatted(dir, logs.size()));
    }
    if (logs.isEmpty()) {
      notes.add(dir + " has no file named *.log* or *.gz.");
    }
    return logs.stream().sorted().toList();
  }

  /** Collects logs. Skips files that vanish meanwhile, as in the directory of a live run. */
  private static final class Search extends SimpleFileVisitor<Path> {
    private final List<Path> logs;
    private final List<String> notes;
    private int entries;
    private boolean cutShort;

    Search(List<Path> logs, List<String> notes) {
      this.logs = logs;
      this.notes = notes;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (isLog(file)) {
        cutShort = logs.size() == MOST_FILES;
        if (!cutShort) {
          logs.add(file);
        }
      }
      cutShort |= ++entries > MOST_ENTRIES;
      return cutShort ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      if (!(e instanceof NoSuchFileException)) {
        notes.add("%s cannot be read and was skipped: %s.".formatted(file, reason(e)));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path dir, IOException e) {
      return FileVisitResult.CONTINUE;
    }
  }

  private static boolean isLog(Path file) {
    String name = file.getFileName() == null ? "" : file.getFileName().toString();
    return (name.contains(".log") || name.endsWith(".gz")) && Files.isRegularFile(file);
  }

  /** Equal for copies: the size and a checksum of the beginning and the end. */
  private static String sample(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      CRC32C crc = new CRC32C();
      ByteBuffer part = ByteBuffer.allocate(SAMPLE);
      channel.read(part, 0);
      crc.update(part.flip());
      channel.read(part.clear(), Math.max(0, channel.size() - SAMPLE));
      crc.update(part.flip());
      return channel.size() + "/" + (channel.size() == 0 ? file : crc.getValue());
    }
  }

  private static String reason(IOException e) {
    return e instanceof AccessDeniedException
        ? "permission denied"
        : String.valueOf(e.getMessage());
  }
}
