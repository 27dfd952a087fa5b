package dev.freshet.analysis;

import dev.freshet.analysis.read.ByteInput;
import dev.freshet.analysis.read.LogFiles;
import dev.freshet.analysis.read.LogInput;
import dev.freshet.analysis.read.TagScanner;
import dev.freshet.analysis.read.TailedFile;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Logs that are still being written. Each is read on from where it was read to, also after it is
 * renamed; a copy of a log, as rotation makes before it truncates the log, is read on from where
 * the log was read to; a log that was truncated is read from its beginning. At most {@link
 * #MOST_OPEN} files are open at a time. Compressed logs that are there at first are read once. Owns
 * its files; used by one thread.
 */
public final class FollowedLogs implements AutoCloseable {
  static final int MOST_OPEN = 64;
  private static final int MOST_FORMER = 64;

  /** How often it looks for logs that appeared, were renamed or removed. */
  static final long LOOK_NANOS = 1_000_000_000L;

  private final List<Path> paths;
  private final MonotonicClock clock;
  private final LogAnalysis analysis;

  /** By the identity of their files. */
  private final Map<String, Followed> logs = new HashMap<>();

  /** Those whose files may be open, the one that changed last at the end. */
  private final SequencedSet<Followed> open = new LinkedHashSet<>();

  /** The compressed logs, by the identity of their files. */
  private final Set<String> archives = new HashSet<>();

  /** How far files were read before they were truncated or removed. */
  private final Deque<TailedFile.Mark> former = new ArrayDeque<>();

  private long looked;
  private boolean first = true;
  private long events;

  /** The events that {@link #poll} has reported; those that the constructor reads are not. */
  private long reported;

  private static final class Followed {
    private final String name;
    private final TailedFile file;
    private ByteInput text;
    private TagScanner scanner;

    /** Whether no path named it at the last look. */
    private boolean missed;

    private Followed(String name, TailedFile file, TagScanner scanner) {
      this.name = name;
      this.file = file;
      this.text = LogInput.growing(file);
      this.scanner = scanner;
    }
  }

  /**
   * Opens the logs that the paths name now; those that appear later are followed from then on.
   *
   * @throws AnalysisException if a path is not there or cannot be read
   */
  public FollowedLogs(AnalyzeOptions options, List<Path> paths, MonotonicClock clock) {
    this.paths = List.copyOf(paths);
    this.clock = clock;
    this.analysis = new LogAnalysis(options, paths);
    try {
      LogFiles.requirePresent(paths);
      look();
      first = false;
    } catch (AnalysisException e) {
      close();
      throw e;
    }
  }

  /** Reads what is new; returns whether there was an event since the last call. */
  public boolean poll() {
    if (clock.nanos() - looked >= LOOK_NANOS) {
      look();
    } else {
      readAll();
    }
    boolean more = events != reported;
    reported = events;
    return more;
  }

  private void readAll() {
    logs.values().forEach(this::read);
  }

  private void look() {
    looked = clock.nanos();
    readAll(); // A copy is recognized by what was read of its original.
    Set<String> seen = new HashSet<>();
    List<Path> unknown = new ArrayList<>();
    for (Path path : LogFiles.present(paths)) {
      try {
        String identity = TailedFile.identity(path);
        Followed log = logs.get(identity);
        if (archives.contains(identity)) {
          continue;
        }
        if (seen.add(identity) && log != null) {
          log.file.renamed(path);
        } else if (log == null) {
          unknown.add(path);
        }
      } catch (IOException e) {
        failed(path, e);
      }
    }
    unknown.forEach(this::open);
    forget(seen);
  }

  private void open(Path path) {
    try {
      if (LogInput.isGzip(path)) {
        archive(path);
        return;
      }
      TailedFile file = new TailedFile(path);
      if (logs.containsKey(file.identity())) {
        file.close();
        return;
      }
      original(file).ifPresent(file::skipTo);
      String name = name(path);
      Followed log = new Followed(name, file, analysis.open(name));
      logs.put(file.identity(), log);
      opened(log);
      read(log);
    } catch (IOException e) {
      failed(path, e);
    }
  }

  /** Reads a compressed log, unless it appeared later: then it is one that was followed. */
  private void archive(Path path) throws IOException {
    if (archives.add(TailedFile.identity(path)) && first) {
      events += analysis.read(name(path), path);
    }
  }

  /** The file name, or the path if another log has the same file name. */
  private String name(Path path) {
    Path name = path.getFileName();
    return logs.values().stream()
            .map(log -> log.file.path())
            .anyMatch(other -> !other.equals(path) && name.equals(other.getFileName()))
        ? path.toString()
        : String.valueOf(name);
  }

  /** How far the file was read that this one is a copy of, or was before it was truncated. */
  private Optional<TailedFile.Mark> original(TailedFile file) throws IOException {
    List<TailedFile.Mark> candidates = new ArrayList<>(former);
    for (Followed log : logs.values()) {
      if (log.file.size() == file.size()) {
        candidates.add(log.file.mark());
      }
    }
    Optional<TailedFile.Mark> furthest = Optional.empty();
    for (TailedFile.Mark mark : candidates) {
      if (file.beginsWith(mark)
          && (furthest.isEmpty() || mark.offset() > furthest.get().offset())) {
        furthest = Optional.of(mark);
      }
    }
    return furthest;
  }

  private void read(Followed log) {
    try {
      if (log.file.isChanged()) {
        readOn(log);
      }
    } catch (NoSuchFileException e) {
      // It was renamed or removed after the last look; the next one finds it or forgets it.
    } catch (IOException e) {
      failed(log.file.path(), e);
    }
  }

  private void readOn(Followed log) throws IOException {
    long before = log.scanner.events();
    if (log.file.isRewritten()) {
      log.scanner.finish();
      events += log.scanner.events() - before;
      remember(log.file.mark());
      log.file.restart();
      log.text = LogInput.growing(log.file);
      log.scanner = analysis.open(log.name);
      before = 0;
    }
    log.scanner.drain(log.text);
    events += log.scanner.events() - before;
    opened(log);
  }

  private void opened(Followed log) throws IOException {
    open.addLast(log);
    if (open.size() > MOST_OPEN) {
      open.removeFirst().file.release();
    }
  }

  private void remember(TailedFile.Mark mark) {
    former.addLast(mark);
    if (former.size() > MOST_FORMER) {
      former.removeFirst();
    }
  }

  /** Stops following the files that no path has named at two looks in a row. */
  private void forget(Set<String> seen) {
    Iterator<Followed> all = logs.values().iterator();
    while (all.hasNext()) {
      Followed log = all.next();
      boolean gone = !seen.contains(log.file.identity());
      if (gone && log.missed) {
        all.remove();
        open.remove(log);
        remember(log.file.mark());
        long before = log.scanner.events();
        log.scanner.finish();
        events += log.scanner.events() - before;
        close(log);
      }
      log.missed = gone;
    }
  }

  /** A log in a directory may vanish or be unreadable; a log that was named must be readable. */
  private void failed(Path path, IOException e) {
    boolean passable = e instanceof NoSuchFileException || e instanceof AccessDeniedException;
    if (!passable || (e instanceof AccessDeniedException && paths.contains(path))) {
      throw new AnalysisException("cannot follow %s: %s".formatted(path, e.getMessage()), e);
    }
  }

  /** Analyses what has been read so far. */
  public Analysis analysis() {
    return analysis.analysisSoFar();
  }

  @Override
  public void close() {
    logs.values().forEach(FollowedLogs::close);
    logs.clear();
    open.clear();
  }

  private static void close(Followed log) {
    try {
      log.file.close();
    } catch (IOException e) {
      throw new AnalysisException(
          "cannot close %s: %s".formatted(log.file.path(), e.getMessage()), e);
    }
  }
}
