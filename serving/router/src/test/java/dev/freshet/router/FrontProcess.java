package dev.freshet.router;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A front in a process of its own, which a test can kill. */
final class FrontProcess implements AutoCloseable {
  private final Process process;
  private final URI data;
  private final URI admin;

  private FrontProcess(Process process, URI data, URI admin) {
    this.process = process;
    this.data = data;
    this.admin = admin;
  }

  /** Starts a front with these keys, each {@code key=value}, and waits until it listens. */
  static FrontProcess start(List<String> keys) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FrontProcess.class.getName()));
    command.addAll(keys);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("listening ")) {
        String[] words = line.split(" ");
        return new FrontProcess(process, URI.create(words[1]), URI.create(words[2]));
      }
    }
    throw new AssertionError("the front has ended before it listened");
  }

  public static void main(String[] keys) throws InterruptedException {
    Map<String, String> all = new LinkedHashMap<>();
    for (String key : keys) {
      int equals = key.indexOf('=');
      all.put(key.substring(0, equals), key.substring(equals + 1));
    }
    Router router =
        Router.start(
            ConfigLoader.with(ConfigLoader.defaults(RouterConfig.class), all),
            HttpConfig.DEFAULT,
            new MetricsRegistry(),
            EventLog.silent(MonotonicClock.SYSTEM));
    System.out.println("listening " + router.dataUrl() + " " + router.adminUrl());
    Thread.currentThread().join(); // Until it is killed.
  }

  URI data() {
    return data;
  }

  URI admin() {
    return admin;
  }

  /** Ends it as {@code kill -9} does, and waits for its end. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
