package dev.freshet.lab.analyze;

import dev.freshet.lab.LabException;
import dev.freshet.lab.analyze.read.LogFiles;
import dev.freshet.lab.analyze.read.TagScanner;
import dev.freshet.lab.analyze.read.TailedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Logs that are still being written. A log that is replaced or cut off, as by rotation, goes on as
 * another. Owns its files; used by one thread.
 */
public final class FollowedLogs implements AutoCloseable {
  private static final int MOST = 64;

  private final LogAnalysis analysis;
  private final List<Followed> logs = new ArrayList<>();

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
   * Opens the logs that the paths name now.
   *
   * @throws LabException if one cannot be read, or there are too many
   */
  public FollowedLogs(AnalyzeOptions options, List<Path> paths) {
    analysis = new LogAnalysis(options, paths);
    List<Path> files = LogFiles.find(paths).files();
    if (files.size() > MOST) {
      throw new LabException("%d logs: at most %d can be followed".formatted(files.size(), MOST));
    }
    List<String> names = LogAnalysis.names(files);
    try {
      for (int i = 0; i < files.size(); i++) {
        TailedFile file = new TailedFile(files.get(i));
        logs.add(new Followed(names.get(i), file, analysis.open(names.get(i))));
      }
    } catch (IOException e) {
      close();
      throw new LabException("cannot be followed: " + e.getMessage(), e);
    }
  }

  /** Reads what is new; returns whether there was anything. */
  public boolean poll() {
    long before = events();
    for (Followed log : logs) {
      try {
        log.scanner.drain(log.file);
        if (log.file.wasReplaced()) {
          log.scanner.finish();
          log.file.reopen();
          log.scanner = analysis.open(log.name);
          log.scanner.drain(log.file);
        }
      } catch (IOException e) {
        throw new LabException("%s: cannot be read: %s".formatted(log.name, e.getMessage()), e);
      }
    }
    return events() != before;
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
        throw new LabException("%s: cannot be closed: %s".formatted(log.name, e.getMessage()), e);
      }
    }
    logs.clear();
  }
}
