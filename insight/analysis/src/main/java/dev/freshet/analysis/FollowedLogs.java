package dev.freshet.analysis;

import dev.freshet.analysis.read.LogFiles;
import dev.freshet.analysis.read.TagScanner;
import dev.freshet.analysis.read.TailedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Logs that are still being written. A log that is replaced or cut off, as by rotation, goes on as
 * another. Owns its files; used by one thread.
 */
public final class FollowedLogs implements AutoCloseable {
  private static final int MOST = 64;

  /** How often it looks for logs that have appeared. */
  private static final long LOOK_NANOS = 1_000_000_000L;

  private final List<Path> paths;
  private final LogAnalysis analysis;
  private final List<Followed> logs = new ArrayList<>();
  private final Set<String> known = new HashSet<>();
  private long found = System.nanoTime();

  private static final class Followed {
    private final String name;
    private final TailedFile file;
    private TagScanner scanner;

    private Followed(String name, TailedFile file, TagScanner scanner) {
      this.name = name;
      this.file = file;
      this.scanner = scanner;
    }
  }

  /**
   * Opens the logs that the paths name now; those that appear later are taken in as they come.
   *
   * @throws AnalysisException if one cannot be read, or there are too many
   */
  public FollowedLogs(AnalyzeOptions options, List<Path> paths) {
    this.paths = List.copyOf(paths);
    this.analysis = new LogAnalysis(options, paths);
    try {
      find();
    } catch (AnalysisException e) {
      close();
      throw e;
    }
  }

  /** Opens what was never followed, be it under another name before it was rotated. */
  private void find() {
    List<Path> there = paths.stream().filter(Files::exists).toList();
    for (Path path : LogFiles.find(logs.isEmpty() ? paths : there).files()) {
      try {
        if (!known.contains(TailedFile.identity(path))) {
          open(path);
        }
      } catch (NoSuchFileException e) {
        // It came and went.
      } catch (IOException e) {
        throw new AnalysisException("%s: cannot be followed: %s".formatted(path, e.getMessage()), e);
      }
    }
  }

  private void open(Path path) throws IOException {
    if (logs.size() == MOST) {
      throw new AnalysisException("more than %d logs cannot be followed".formatted(MOST));
    }
    String name = String.valueOf(path.getFileName());
    String unique = logs.stream().anyMatch(log -> log.name.equals(name)) ? path.toString() : name;
    TailedFile file = new TailedFile(path);
    known.add(file.identity());
    logs.add(new Followed(unique, file, analysis.open(unique)));
  }

  /** Reads what is new; returns whether there was anything. */
  public boolean poll() {
    long before = events();
    if (System.nanoTime() - found >= LOOK_NANOS) {
      find();
      found = System.nanoTime();
    }
    for (Followed log : logs) {
      try {
        read(log);
      } catch (NoSuchFileException e) {
        // It is between two files, as rotation leaves it for a moment.
      } catch (IOException e) {
        throw new AnalysisException("%s: cannot be read: %s".formatted(log.name, e.getMessage()), e);
      }
    }
    return events() != before;
  }

  private void read(Followed log) throws IOException {
    boolean rewritten = log.file.isRewritten();
    if (!rewritten) {
      log.scanner.drain(log.file);
    }
    if (rewritten || log.file.isReplaced()) {
      log.file.reopen();
      log.scanner.finish();
      log.scanner = analysis.open(log.name);
      known.add(log.file.identity());
      log.scanner.drain(log.file);
    }
  }

  private long events() {
    return logs.stream().mapToLong(log -> log.scanner.events()).sum();
  }

  /** Judges what has been read so far. */
  public Analysis analysis() {
    return analysis.analysis();
  }

  @Override
  public void close() {
    for (Followed log : logs) {
      try {
        log.file.close();
      } catch (IOException e) {
        throw new AnalysisException("%s: cannot be closed: %s".formatted(log.name, e.getMessage()), e);
      }
    }
    logs.clear();
  }
}
