package dev.freshet.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.spans.SpanExport;
import dev.freshet.trace.spans.SpanLog;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.slf4j.LoggerFactory;

/**
 * Routes log lines: each role has its own file, and a logger's package decides the role. Only the
 * loggers of events write tags of the log format, see {@link LineLayout}.
 */
public final class Logs {
  /** The prefix of the loggers that carry a role's tagged events. */
  private static final String EVENTS = "dev.freshet.events.";

  /** The logger of the exception or error that ends a command. */
  private static final String FAILURES = "dev.freshet.process.Failures";

  private static final RecentLines RECENT = new RecentLines(InstantSource.system());

  /** The exporter of all roles' spans; empty until {@link #exportSpans} is called. */
  private static Optional<SpanExport> spans = Optional.empty();

  private Logs() {}

  /**
   * Exports the admin calls of event logs made from now on as spans.
   *
   * @param otlpEndpoint the collector
   */
  public static synchronized void exportSpans(URI otlpEndpoint) {
    spans = Optional.of(new SpanExport(otlpEndpoint));
  }

  /** Logs only warnings, to the console. */
  public static void warningsOnly() {
    reset();
  }

  /**
   * Writes the lines of each role to {@code logs/<role>.log} of the run, and warnings of all other
   * loggers to the console.
   *
   * @param packages maps a package to the role of its loggers
   * @param own the role whose file also gets the stalls, and the exception that ends the command
   *     with its stack trace
   */
  public static void toRun(RunDirectory run, Map<String, String> packages, String own) {
    LoggerContext context = reset();
    Map<String, Appender<ILoggingEvent>> files = new HashMap<>();
    for (String role : packages.values()) {
      files.computeIfAbsent(role, name -> background(context, name, run.openLog(name)));
    }
    packages.forEach(
        (name, role) ->
            send(context.getLogger(name), Objects.requireNonNull(files.get(role), role)));
    files.forEach((role, file) -> send(context.getLogger(EVENTS + role), file));
    Appender<ILoggingEvent> ofOwn = files.get(own);
    context.getLogger(StallRecorder.class).addAppender(ofOwn);
    Logger failures = context.getLogger(FAILURES);
    failures.setLevel(Level.ERROR);
    failures.addAppender(ofOwn);
  }

  /**
   * Writes all lines to the console, for a single role without a run directory.
   *
   * @param packages the packages whose loggers are shown
   */
  public static void toConsole(String role, Set<String> packages) {
    LoggerContext context = reset();
    Appender<ILoggingEvent> lines = background(context, role, ConsoleTarget.SystemOut.getStream());
    packages.forEach(name -> send(context.getLogger(name), lines));
    send(context.getLogger(EVENTS + role), lines);
  }

  /**
   * Appends all lines to a file, for a command without a run directory.
   *
   * @param packages the packages whose loggers are written
   */
  public static void toFile(String role, Path file, Set<String> packages) {
    try {
      OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      LoggerContext context = reset();
      Appender<ILoggingEvent> lines = background(context, role, out);
      packages.forEach(name -> send(context.getLogger(name), lines));
      send(context.getLogger(EVENTS + role), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s: cannot be written: %s".formatted(file, OutputFile.reason(e)), e);
    }
  }

  private static void send(Logger logger, Appender<ILoggingEvent> to) {
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(to);
  }

  /** The tagged events of a role, on the JVM's monotonic clock. */
  public static synchronized EventLog events(String role) {
    org.slf4j.Logger logger = LoggerFactory.getLogger(EVENTS + role);
    EventLog log =
        new EventLog(
            role,
            line -> {
              RECENT.add(role + " " + line);
              logger.info(line);
            },
            MonotonicClock.SYSTEM);
    return spans
        .map(
            export ->
                log.withSpans(
                    new SpanLog(role, MonotonicClock.SYSTEM, InstantSource.system(), export)))
        .orElse(log);
  }

  /** The newest events of all roles of this process. */
  public static RecentLines recent() {
    return RECENT;
  }

  /**
   * Logs what ends the command to the run's log, with its stack trace. The console gets one line
   * without it.
   */
  public static void failed(Throwable failure) {
    LoggerFactory.getLogger(FAILURES).error("the command failed", failure);
  }

  /** Flushes spans and lines, and closes the files. */
  public static synchronized void close() {
    spans.ifPresent(SpanExport::close);
    spans = Optional.empty();
    context().stop();
  }

  private static LoggerContext reset() {
    LoggerContext context = context();
    context.reset();
    context.start(); // Stopping waits for the files only if the context was started.
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
    BackgroundAppender lines =
        new BackgroundAppender(role, encoder(context, role), out, System.err);
    lines.setContext(context);
    lines.start();
    return lines;
  }

  private static Encoder<ILoggingEvent> encoder(LoggerContext context, String role) {
    LineLayout layout = new LineLayout(role, EVENTS);
    layout.setContext(context);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setLayout(layout);
    encoder.start();
    return encoder;
  }
}
