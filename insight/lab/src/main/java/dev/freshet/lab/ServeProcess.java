package dev.freshet.lab;

import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code freshet serve} in a process of its own, on free ports of this machine. It runs on the JDK
 * and the class path of this process and ends with it. Its JVM options are those in the system
 * property {@code freshet.serve.options}, one a line, which the launcher sets; without it, those of
 * this process.
 */
public final class ServeProcess implements AutoCloseable {
  private static final String OPTIONS = "freshet.serve.options";
  private static final Duration START = Duration.ofMinutes(2);

  private static final Pattern URLS =
      Pattern.compile("completions (http://\\S+)\\s+admin\\s+(http://\\S+)\\s");

  private record Urls(URI data, URI admin) {}

  private final OwnedProcess process;
  private final Urls urls;

  private ServeProcess(OwnedProcess process, Urls urls) {
    this.process = process;
    this.urls = urls;
  }

  /**
   * Starts a server and waits until it serves.
   *
   * @param main the main class of the {@code freshet} command
   * @param dir the directory for its logs
   * @param arguments the arguments after {@code serve}, without addresses and the run's directory
   * @param javaOptions options of the JVM after the usual ones
   */
  private static ServeProcess start(
      Class<?> main, Path dir, List<String> arguments, List<String> javaOptions)
      throws IOException, InterruptedException {
    List<String> serve = new ArrayList<>(List.of("serve", "--http.log_requests=false"));
    serve.addAll(arguments);
    serve.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--admin-port", "0"));
    serve.addAll(List.of("--run.dir", dir.resolve("server").toString()));
    List<String> command = FreshetProcess.command(main, jvmOptions(), javaOptions, serve);
    OwnedProcess process = OwnedProcess.start("the server", command, dir.resolve("server.txt"));
    try {
      return new ServeProcess(process, process.await(ServeProcess::urls, START));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  /**
   * The embedded engine of a server.
   *
   * @param sequences completions decoded at once; twice as many may wait, so that a load can begin
   *     before the server has noticed that the previous one disconnected
   * @param maxModelLen the most tokens of prompt and completion together
   * @param threads libtorch's threads for one operation
   * @param options further options of {@code freshet serve}
   */
  public record Embedded(int sequences, int maxModelLen, int threads, List<String> options) {
    private static final int THREADS = 2;

    public Embedded {
      options = List.copyOf(options);
    }

    /** An engine with two threads. */
    public Embedded(int sequences, int maxModelLen) {
      this(sequences, maxModelLen, THREADS, List.of());
    }

    private List<String> arguments(Path model) {
      List<String> arguments = new ArrayList<>(List.of("--model", model.toString()));
      Map.of(
              "max_sequences", sequences,
              "max_waiting", 2 * sequences,
              "max_model_len", maxModelLen,
              "threads", threads)
          .forEach(
              (key, value) ->
                  arguments.addAll(List.of("--inference." + key, Integer.toString(value))));
      arguments.addAll(options);
      return arguments;
    }
  }

  /**
   * Starts a server with the embedded engine.
   *
   * @param main the main class of the {@code freshet} command
   * @param dir the directory for its logs
   * @param model the checkpoint to serve
   */
  public static ServeProcess embedded(Class<?> main, Path dir, Path model, Embedded engine)
      throws IOException, InterruptedException {
    return start(main, dir, engine.arguments(model), List.of());
  }

  /**
   * Starts a server with an engine without a model, which makes {@code rate} tokens a second for
   * every completion.
   *
   * @param main the main class of the {@code freshet} command
   * @param dir the directory for its logs
   * @param javaOptions options of the JVM after the usual ones
   */
  public static ServeProcess synthetic(
      Class<?> main, Path dir, double rate, List<String> javaOptions)
      throws IOException, InterruptedException {
    return start(
        main, dir, List.of("--engine", "synthetic", "--rate", Double.toString(rate)), javaOptions);
  }

  private static List<String> jvmOptions() {
    return Optional.ofNullable(System.getProperty(OPTIONS))
        .map(options -> options.lines().toList())
        .orElseGet(FreshetProcess::options);
  }

  private static Optional<Urls> urls(String output) {
    Matcher matcher = URLS.matcher(output);
    return matcher.find()
        ? Optional.of(new Urls(URI.create(matcher.group(1)), URI.create(matcher.group(2))))
        : Optional.empty();
  }

  /** The root of the data listener. */
  public URI dataUrl() {
    return urls.data();
  }

  /** The root of the admin listener. */
  public URI adminUrl() {
    return urls.admin();
  }

  public ProcessHandle handle() {
    return process.handle();
  }

  @Override
  public void close() {
    process.close();
  }
}
