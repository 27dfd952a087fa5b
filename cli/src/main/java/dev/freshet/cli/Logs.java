package dev.freshet.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.spans.SpanExport;
import dev.freshet.trace.spans.SpanLog;
import java.io.OutputStream;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * Where log lines go: each role's into a file of its own, by the package that a logger is named
 * after. A line is the wall clock's time, the level, the role and the message.
 */
final class Logs {
  /** The role to which the lines of a room belong. */
  private static final Map<String, String> ROLE_OF_ROOM =
      Map.of(
          "dev.freshet.orchestrator", "orchestrator",
          "dev.freshet.client", "orchestrator",
          "dev.freshet.inference", "inference",
          "dev.freshet.trainer", "trainer");

  /** Takes what a command failed with. */
  private static final String FAILURES = "dev.freshet.cli.Failures";

  private static final RecentLines RECENT = new RecentLines();

  /** Where the spans of all roles go, if anywhere; made once the configuration is known. */
  private static Optional<SpanExport> spans = Optional.empty();

  private Logs() {}

  /** Sends the admin calls of event logs that are made from now on to a collector of spans. */
  static synchronized void exportSpans(FreshetConfig.Telemetry telemetry) {
    if (!telemetry.otlpEndpoint().isEmpty()) {
      spans = Optional.of(new SpanExport(URI.create(telemetry.otlpEndpoint())));
    }
  }

  /** Sends warnings to the console, and nothing else anywhere. */
  static void warningsOnly() {
    reset();
  }

  /**
   * Sends the lines of each role to {@code logs/<role>.log} of the run, warnings of any other
   * origin to the console.
   *
   * @param own the role in whose file a stall is told, and a failure of the command with its stack
   *     trace
   */
  static void toRun(RunDirectory run, String own) {
    LoggerContext context = reset();
    ROLE_OF_ROOM.forEach(
        (room, role) -> {
          Logger logger = context.getLogger(room);
          logger.setLevel(Level.INFO);
          logger.setAdditive(false);
          Appender<ILoggingEvent> shared = context.getLogger("role." + role).getAppender(role);
          Appender<ILoggingEvent> appender =
              shared == null ? background(context, role, run.openLog(role)) : shared;
          context.getLogger("role." + role).addAppender(appender);
          logger.addAppender(appender);
        });
    Appender<ILoggingEvent> ofOwn = context.getLogger("role." + own).getAppender(own);
    context.getLogger(StallRecorder.class).addAppender(ofOwn);
    Logger failures = context.getLogger(FAILURES);
    failures.setLevel(Level.ERROR);
    failures.addAppender(ofOwn);
  }

  /** Sends all lines to the console, for a role that runs alone and without a run directory. */
  static void toConsole(String role) {
    LoggerContext context = reset();
    Appender<ILoggingEvent> lines = background(context, role, ConsoleTarget.SystemOut.getStream());
    ROLE_OF_ROOM
        .keySet()
        .forEach(
            room -> {
              Logger logger = context.getLogger(room);
              logger.setLevel(Level.INFO);
              logger.setAdditive(false);
              logger.addAppender(lines);
            });
  }

  /** The tagged events of a role, on the JVM's monotonic clock. */
  static synchronized EventLog events(String role) {
    org.slf4j.Logger logger = LoggerFactory.getLogger("dev.freshet." + role + ".Events");
    EventLog log =
        new EventLog(
            line -> {
              RECENT.add(role + " " + line);
              logger.info(line);
            },
            MonotonicClock.SYSTEM);
    return spans
        .map(export -> log.withSpans(new SpanLog(role, MonotonicClock.SYSTEM, export)))
        .orElse(log);
  }

  /** The newest events of all roles of this process. */
  static RecentLines recent() {
    return RECENT;
  }

  /**
   * The command ends with a failure. Its stack trace goes to the run's log; the console has one
   * line and no trace.
   */
  static void failed(Exception failure) {
    LoggerFactory.getLogger(FAILURES).error("the command failed", failure);
  }

  /** Sends and writes out what is buffered, and closes the files. */
  static synchronized void close() {
    spans.ifPresent(SpanExport::close);
    spans = Optional.empty();
    context().stop();
  }

  private static LoggerContext reset() {
    LoggerContext context = context();
    context.reset();
    context.start(); // Only a context that is started waits for its files when it is stopped.
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget("System.err");
    console.setEncoder(encoder(context, "freshet"));
    console.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(console);
    Logger failures = context.getLogger(FAILURES);
    failures.setLevel(Level.OFF);
    failures.setAdditive(false);
    return context;
  }

  private static LoggerContext context() {
    return (LoggerContext) LoggerFactory.getILoggerFactory();
  }

  private static Appender<ILoggingEvent> background(
      LoggerContext context, String role, OutputStream out) {
    BackgroundAppender lines = new BackgroundAppender(role, encoder(context, role), out);
    lines.setContext(context);
    lines.start();
    return lines;
  }

  private static PatternLayoutEncoder encoder(LoggerContext context, String role) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level " + role + " %msg%n");
    encoder.start();
    return encoder;
  }
}
