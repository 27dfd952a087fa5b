package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/**
 * The command line as a process of its own, with the flags of the launcher. What it writes goes to
 * files in its directory, where a native crash would leave its report too. Closing it kills it.
 */
final class ChildProcess implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final String VECTORS = "--add-modules=jdk.incubator.vector";

  private final Process process;
  private final Path dir;

  private ChildProcess(Process process, Path dir) {
    this.process = process;
    this.dir = dir;
  }

  static ChildProcess start(Path dir, String... arguments) throws IOException {
    return start(dir, Map.of(), List.of(VECTORS), absoluteClassPath(), arguments);
  }

  /** Another main class in such a process. */
  static ChildProcess start(Path dir, Class<?> main) throws IOException {
    return start(dir, Map.of(), List.of(VECTORS), absoluteClassPath(), main);
  }

  /** The same with further environment variables. */
  static ChildProcess start(Path dir, Map<String, String> environment, String... arguments)
      throws IOException {
    return start(dir, environment, List.of(VECTORS), absoluteClassPath(), arguments);
  }

  /** The same in a JVM that has no Vector API, with further options. */
  static ChildProcess startWithoutVectors(Path dir, List<String> options, String... arguments)
      throws IOException {
    return start(dir, Map.of(), options, absoluteClassPath(), arguments);
  }

  /** The same with further classes, which hide those of the same name. */
  static ChildProcess start(Path dir, Path classes, String... arguments) throws IOException {
    return start(
        dir,
        Map.of(),
        List.of(VECTORS),
        classes + File.pathSeparator + absoluteClassPath(),
        arguments);
  }

  private static ChildProcess start(
      Path dir,
      Map<String, String> environment,
      List<String> options,
      String classPath,
      String... arguments)
      throws IOException {
    return start(dir, environment, options, classPath, Main.class, arguments);
  }

  private static ChildProcess start(
      Path dir,
      Map<String, String> environment,
      List<String> options,
      String classPath,
      Class<?> main,
      String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    if (System.getProperty("os.name").equals("Linux")) {
      // A process started in the background of a shell ignores SIGINT, and so do its children.
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
            "-Dorg.bytedeco.javacpp.maxBytes=0",
            "-Dio.netty.allocator.type=pooled",
            "-Dio.netty.leakDetection.level=disabled",
            "-cp",
            classPath,
            main.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder process =
        new ProcessBuilder(command)
            .directory(dir.toFile())
            .redirectOutput(dir.resolve("out.txt").toFile())
            .redirectError(dir.resolve("err.txt").toFile());
    process.environment().putAll(environment);
    return new ChildProcess(process.start(), dir);
  }

  private static String absoluteClassPath() {
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      entries.add(Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(File.pathSeparator, entries);
  }

  /** Its standard input. */
  OutputStream in() {
    return process.getOutputStream();
  }

  /** Waits for {@code condition}, for as long as the process lives. */
  void await(String what, BooleanSupplier condition) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0 || !process.isAlive()) {
        throw new AssertionError("no %s; it wrote: %s%s".formatted(what, out(), err()));
      }
      Thread.sleep(5);
    }
  }

  /** Waits until it has written {@code text} to standard output. */
  void awaitOut(String text) throws IOException, InterruptedException {
    awaitOut(Pattern.compile(Pattern.quote(text)));
  }

  /** Waits until its standard output has a match of {@code pattern}. */
  void awaitOut(Pattern pattern) throws IOException, InterruptedException {
    await(
        "'" + pattern + "'",
        () -> {
          try {
            return pattern.matcher(out()).find();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  /** Sends SIGTERM, SIGINT, SIGQUIT or SIGKILL. */
  void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
    assertThat(kill.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  /** The processes that it has started. */
  List<ProcessHandle> children() {
    return process.children().toList();
  }

  /** Waits for its end. Returns the exit code. */
  int awaitExit() throws IOException, InterruptedException {
    boolean ended = process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    assertThat(ended).as("ended within %s; it wrote: %s%s", DEADLINE, out(), err()).isTrue();
    return process.exitValue();
  }

  /** The same; it must not have been a native crash, nor written a stack trace. */
  int awaitEnd() throws IOException, InterruptedException {
    int exitCode = awaitExit();
    assertThat(out() + err()).doesNotContain("SIGSEGV", "SIGABRT", "fatal error", "\tat ");
    assertThat(dir)
        .isDirectoryNotContaining("glob:**hs_err*")
        .isDirectoryNotContaining("glob:**/core*");
    return exitCode;
  }

  String out() throws IOException {
    return Files.readString(dir.resolve("out.txt"));
  }

  /** Its standard error, without the JVM's line about the incubating module that it starts with. */
  String err() throws IOException {
    return Files.readString(dir.resolve("err.txt"))
        .replace("WARNING: Using incubator modules: jdk.incubator.vector\n", "");
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
