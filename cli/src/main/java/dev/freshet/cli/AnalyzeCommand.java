package dev.freshet.cli;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.FollowedLogs;
import dev.freshet.analysis.LogAnalysis;
import dev.freshet.analysis.Severity;
import dev.freshet.analysis.report.ComparisonReport;
import dev.freshet.analysis.report.HtmlReport;
import dev.freshet.analysis.report.JsonReport;
import dev.freshet.analysis.report.StatsFiles;
import dev.freshet.analysis.report.TextReport;
import dev.freshet.config.ConfigException;
import dev.freshet.process.Lifetime;
import dev.freshet.process.OutputFile;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code freshet analyze}: finds from a run's logs where its time went. Exit code 3 if a finding is
 * as severe as {@code --fail-on}.
 */
@Command(
    name = "analyze",
    mixinStandardHelpOptions = true,
    description = "Name the bottleneck of a run from its logs alone.")
final class AnalyzeCommand extends RunningCommand {
  private static final int GATE = 3;
  private static final int POLL_MILLIS = 200;
  private static final long JUDGE_NANOS = 1_000_000_000L;
  private static final Pattern SIZE = Pattern.compile("(\\d{1,6}(?:\\.\\d{1,3})?)[bB]?");
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");

  @Parameters(
      arity = "1..*",
      paramLabel = "LOG",
      description = "Log files, plain or gzip; directories; - for the standard input.")
  private List<String> logs = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Directory for SUMMARY.md, report.html, report.json and the figures as text (default: none).")
  private Optional<Path> out = Optional.empty();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "Format of the printed report: text, json or html (default: text).")
  private String format = "text";

  @Option(
      names = "--model-size",
      paramLabel = "SIZE",
      description =
          "Size of the model, such as 7b, which sets the thresholds (default: thresholds for any size).")
  private Optional<String> modelSize = Optional.empty();

  @Option(
      names = "--async-level",
      paramLabel = "N",
      description =
          "Steps by which rollouts may lag behind (default: async_level in the run's config.toml).")
  private Optional<Integer> asyncLevel = Optional.empty();

  @Option(
      names = "--fail-on",
      paramLabel = "SEVERITY",
      description =
          "Exit with 3 on a finding of this severity or worse: warning or critical (default: never).")
  private Optional<String> failOn = Optional.empty();

  @Option(
      names = "--follow",
      description =
          "Keep reading and print the verdict whenever it changes, until interrupted (default: off).")
  private boolean follow;

  @Option(
      names = "--compare",
      description = "Compare two logs or two directories of logs (default: off).")
  private boolean compare;

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    AnalyzeOptions options = options();
    Severity gate = failOn.map(AnalyzeCommand::severity).orElse(Severity.GOOD);
    requireUsable();
    if (follow) {
      return follow(options, gate, lifetime);
    }
    lifetime.onStop(lifetime::closed); // Only files are open: the process may end at once.
    if (compare) {
      return compare(options, gate);
    }
    Analysis analysis = logs.contains("-") ? standardInput(options) : analyze(options, paths());
    out.ifPresent(dir -> StatsFiles.write(analysis, dir));
    if (!analysis.isEmpty() || !format.equals("text")) {
      print(report(analysis));
    }
    requireEvents(analysis);
    return failed(gate, analysis) ? GATE : 0;
  }

  private AnalyzeOptions options() {
    Optional<Double> billions =
        modelSize.map(
            size -> {
              Matcher number = SIZE.matcher(size);
              if (!number.matches() || Double.parseDouble(number.group(1)) <= 0) {
                throw new ConfigException(
                    "--model-size %s: expected a number of parameters such as 7b".formatted(size));
              }
              return Double.parseDouble(number.group(1));
            });
    asyncLevel
        .filter(level -> level < 0)
        .ifPresent(
            level -> {
              throw new ConfigException("--async-level %d: expected 0 or more".formatted(level));
            });
    return new AnalyzeOptions(billions, asyncLevel);
  }

  private static Severity severity(String name) {
    return switch (name) {
      case "warning" -> Severity.WARNING;
      case "critical" -> Severity.CRITICAL;
      default ->
          throw new ConfigException("--fail-on %s: expected warning or critical".formatted(name));
    };
  }

  private void requireUsable() {
    if (!List.of("text", "json", "html").contains(format)) {
      throw new ConfigException("--format %s: expected text, json or html".formatted(format));
    }
    logs.stream()
        .filter(log -> log.startsWith("-") && log.length() > 1)
        .findFirst()
        .ifPresent(
            option -> {
              throw new ConfigException(
                  "argument '%s': expected an option of analyze or a log".formatted(option));
            });
    if (logs.contains("-") && (logs.size() > 1 || follow || compare)) {
      throw new ConfigException(
          "-: expected no other log, --follow or --compare with the standard input");
    }
    if (follow && (compare || out.isPresent() || !format.equals("text"))) {
      throw new ConfigException(
          "--follow: prints only verdicts; expected no --compare, --out or other --format");
    }
    if (compare && (logs.size() != 2 || format.equals("html"))) {
      throw new ConfigException(
          "--compare: expected two logs or directories, and text or json for --format");
    }
  }

  private List<Path> paths() {
    return logs.stream().map(Path::of).toList();
  }

  private static Analysis analyze(AnalyzeOptions options, List<Path> paths) {
    return LogAnalysis.of(options, paths);
  }

  private static Analysis standardInput(AnalyzeOptions options) {
    LogAnalysis analysis = new LogAnalysis(options, List.of());
    analysis.read("standard input", System.in);
    return analysis.analysis();
  }

  private String report(Analysis analysis) {
    return switch (format) {
      case "json" -> JsonReport.of(analysis) + "\n";
      case "html" -> HtmlReport.of(analysis);
      default -> TextReport.of(analysis);
    };
  }

  private int compare(AnalyzeOptions options, Severity gate) throws IOException {
    Analysis a = analyze(options, paths().subList(0, 1));
    Analysis b = analyze(options, paths().subList(1, 2));
    String json = ComparisonReport.json(a, b) + "\n";
    String text = ComparisonReport.text(logs.get(0), a, logs.get(1), b);
    if (out.isPresent()) {
      write(out.get().resolve("comparison.json"), json);
      write(out.get().resolve("comparison.txt"), text);
    }
    print(format.equals("json") ? json : text);
    requireEvents(a);
    requireEvents(b);
    return failed(gate, b) ? GATE : 0;
  }

  private static void write(Path file, String text) throws IOException {
    try (OutputStream stream = OutputFile.open(file)) {
      stream.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Prints the verdict at the start and whenever it changes, at most once a second. */
  private int follow(AnalyzeOptions options, Severity gate, Lifetime lifetime)
      throws InterruptedException {
    lifetime.onStop(Thread.currentThread()::interrupt);
    String said = "";
    boolean news = true;
    try (FollowedLogs followed = new FollowedLogs(options, paths(), MonotonicClock.SYSTEM)) {
      long judged = System.nanoTime() - JUDGE_NANOS;
      while (!lifetime.stopping()) {
        news |= followed.poll();
        if (news && System.nanoTime() - judged >= JUDGE_NANOS) {
          news = false;
          judged = System.nanoTime();
          Analysis analysis = followed.analysis();
          if (!analysis.state().equals(said)) {
            said = analysis.state();
            print(
                "%s  %s%n"
                    .formatted(
                        LocalTime.now(ZoneId.systemDefault()).format(CLOCK), analysis.verdict()));
          }
          if (failed(gate, analysis)) {
            return GATE;
          }
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      if (!lifetime.stopping()) {
        throw e;
      }
    }
    return Lifetime.STOPPED;
  }

  private static boolean failed(Severity gate, Analysis analysis) {
    return gate != Severity.GOOD && analysis.severity().compareTo(gate) >= 0;
  }

  private static void requireEvents(Analysis analysis) {
    if (analysis.isEmpty()) {
      throw new AnalysisException(
          String.join(" ", analysis.verdict(), String.join(" ", analysis.notes())).strip());
    }
  }

  /** Reports are UTF-8 regardless of the terminal's character set. */
  private static void print(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }
}
