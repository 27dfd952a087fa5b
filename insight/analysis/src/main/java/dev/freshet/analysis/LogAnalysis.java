package dev.freshet.analysis;

import dev.freshet.analysis.read.LogFiles;
import dev.freshet.analysis.read.LogInput;
import dev.freshet.analysis.read.TagScanner;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * Reads logs, one after the other or as they grow, and analyses what was read at any time. Owned by
 * one thread.
 */
public final class LogAnalysis {
  private final Ranges ranges;
  private final AsyncLevel asyncLevel;
  private final Ledger ledger;
  private final List<Opened> opened = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();

  /** A log that is being read. */
  private record Opened(String name, TagScanner scanner) {}

  /**
   * @param logs their directories, or the parents of those, may have a {@code config.toml} with the
   *     async level
   */
  public LogAnalysis(AnalyzeOptions options, List<Path> logs) {
    this.asyncLevel = AsyncLevel.of(options.asyncLevel(), logs);
    this.ranges =
        options
            .modelBillions()
            .map(size -> Ranges.ofSize(size, asyncLevel.steps()))
            .orElseGet(() -> Ranges.standard(asyncLevel.steps()));
    this.ledger = new Ledger(ranges);
  }

  /**
   * Analyses files and directories.
   *
   * @throws AnalysisException if a path does not exist or cannot be read
   */
  public static Analysis of(AnalyzeOptions options, List<Path> paths) {
    LogAnalysis analysis = new LogAnalysis(options, paths);
    LogFiles found = LogFiles.find(paths);
    analysis.remarks.addAll(found.notes());
    List<String> names = names(found.files());
    for (int i = 0; i < found.files().size(); i++) {
      analysis.read(names.get(i), found.files().get(i));
    }
    return analysis.analysis();
  }

  /** The names of files in reports: without directories, if all differ. */
  static List<String> names(List<Path> files) {
    List<String> names = files.stream().map(file -> String.valueOf(file.getFileName())).toList();
    return names.stream().distinct().count() == names.size()
        ? names
        : files.stream().map(Path::toString).toList();
  }

  /** Begins a log. The analysis takes the events that the scanner finds. */
  public TagScanner open(String name) {
    int number = ledger.open(name);
    TagScanner scanner =
        new TagScanner((event, stamp, line) -> ledger.accept(number, event, stamp, line));
    opened.add(new Opened(name, scanner));
    return scanner;
  }

  /** Reads a stream to its end. */
  public void read(String name, InputStream stream) {
    try (LogInput input = LogInput.of(stream)) {
      read(name, input);
    } catch (EOFException | ZipException e) {
      remarks.add("%s is not a complete gzip file and was skipped.".formatted(name));
    } catch (IOException e) {
      throw new AnalysisException("%s: cannot be read: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Reads a file to its end; returns the number of its events. */
  long read(String name, Path file) {
    try (LogInput input = LogInput.open(file)) {
      return read(name, input);
    } catch (NoSuchFileException e) {
      remarks.add("%s vanished before it was read.".formatted(name));
    } catch (EOFException | ZipException e) {
      remarks.add("%s is not a complete gzip file and was skipped.".formatted(name));
    } catch (IOException e) {
      throw new AnalysisException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    return 0;
  }

  private long read(String name, LogInput input) throws IOException {
    TagScanner scanner = open(name);
    try {
      scanner.drain(input);
    } catch (EOFException | ZipException e) {
      remarks.add(
          "%s is a truncated gzip file (%s) and was read up to its end."
              .formatted(name, Optional.ofNullable(e.getMessage()).orElse("unexpected end")));
    }
    scanner.finish();
    return scanner.events();
  }

  /** Analyses what has been read of logs that have ended. */
  public Analysis analysis() {
    return analysis(false);
  }

  /** Analyses what has been read so far of logs that are still written. */
  Analysis analysisSoFar() {
    return analysis(true);
  }

  private Analysis analysis(boolean growing) {
    List<Analysis.Input> inputs =
        opened.stream()
            .map(
                log ->
                    new Analysis.Input(
                        log.name(),
                        log.scanner().bytes(),
                        log.scanner().lines(),
                        log.scanner().events(),
                        log.scanner().malformed(),
                        log.scanner().firstMalformed()))
            .toList();
    return new Diagnosis(ledger, ranges, asyncLevel, growing, inputs, remarks).analysis();
  }
}
