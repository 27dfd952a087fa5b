package dev.freshet.dashboard;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A headless Chromium with one page, driven over the DevTools protocol. Owns the process; its
 * profile is in a directory of the test.
 */
final class Chromium implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final Process process;
  private final HttpClient http = HttpClient.newHttpClient();
  private final WebSocket socket;
  private final AtomicInteger ids = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
  private final List<String> errors = new CopyOnWriteArrayList<>();

  /** The browser installed on this machine, if any. */
  static Optional<Path> installed() {
    return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts it with a profile below {@code dir}. */
  Chromium(Path browser, Path dir) throws Exception {
    process =
        new ProcessBuilder(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-precise-memory-info",
                "--js-flags=--expose-gc",
                "--remote-debugging-port=0",
                "--user-data-dir=" + dir.resolve("profile"),
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    URI page = page(browserPort());
    socket =
        http.newWebSocketBuilder()
            .connectTimeout(DEADLINE)
            .buildAsync(page, new Answers())
            .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    call("Runtime.enable", Map.of());
    call("Log.enable", Map.of());
    call("Page.enable", Map.of());
  }

  private int browserPort() throws IOException {
    BufferedReader log =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      if (line.startsWith("DevTools listening on ")) {
        Thread.startVirtualThread(() -> log.lines().forEach(_ -> {}));
        return URI.create(line.substring("DevTools listening on ".length()).strip()).getPort();
      }
    }
    throw new IOException("the browser exited before it listened");
  }

  private URI page(int port) throws Exception {
    HttpRequest open =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:%d/json/new?about:blank".formatted(port)))
            .PUT(HttpRequest.BodyPublishers.noBody())
            .timeout(DEADLINE)
            .build();
    String opened = http.send(open, HttpResponse.BodyHandlers.ofString()).body();
    return URI.create(JSON.readTree(opened).path("webSocketDebuggerUrl").asString());
  }

  /** Completes calls with their answers and collects the page's errors. */
  private final class Answers implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      message.append(part);
      if (last) {
        take(JSON.readTree(message.toString()));
        message.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedFuture(null);
    }

    private void take(JsonNode node) {
      switch (node.path("method").asString("")) {
        case "Runtime.exceptionThrown" ->
            errors.add(node.path("params").path("exceptionDetails").toString());
        case "Log.entryAdded" -> {
          JsonNode entry = node.path("params").path("entry");
          if (entry.path("level").asString("").equals("error")
              && !entry.path("source").asString("").equals("network")) {
            errors.add(entry.path("text").asString(""));
          }
        }
        default -> {
          CompletableFuture<JsonNode> call = calls.remove(node.path("id").asInt(0));
          if (call != null) {
            call.complete(node);
          }
        }
      }
    }
  }

  private JsonNode call(String method, Map<String, ?> parameters) throws Exception {
    int id = ids.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    calls.put(id, answer);
    String text = JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters));
    socket.sendText(text, true).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    JsonNode node = answer.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    if (node.has("error")) {
      throw new IOException(method + ": " + node.path("error"));
    }
    return node.path("result");
  }

  /** Opens {@code url} in a window of that size, with the color scheme {@code scheme}. */
  void open(URI url, int width, int height, String scheme) throws Exception {
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    call(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    call("Page.navigate", Map.of("url", url.toString()));
  }

  /** The value of an expression in the page. */
  JsonNode evaluate(String expression) throws Exception {
    JsonNode result =
        call(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (result.has("exceptionDetails")) {
      throw new IOException(expression + ": " + result.path("exceptionDetails"));
    }
    return result.path("result").path("value");
  }

  /** Waits until an expression is true in the page. */
  void await(String condition) throws Exception {
    long end = System.nanoTime() + DEADLINE.toNanos();
    String holds = "(() => { try { return Boolean(" + condition + ") } catch { return false } })()";
    while (!evaluate(holds).asBoolean(false)) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError(
            "%s is still false; the page shows: %s; its errors: %s"
                .formatted(condition, evaluate("document.body.innerText"), errors));
      }
      Thread.sleep(50);
    }
  }

  /** Presses a key. */
  void press(String key) throws Exception {
    for (String type : List.of("keyDown", "keyUp")) {
      call("Input.dispatchKeyEvent", Map.of("type", type, "key", key));
    }
  }

  /** The window as a PNG. */
  byte[] screenshot() throws Exception {
    return Base64.getDecoder()
        .decode(call("Page.captureScreenshot", Map.of("format", "png")).path("data").asString());
  }

  /** The page's exceptions and what the browser blocked. */
  List<String> errors() {
    return new ArrayList<>(errors);
  }

  @Override
  public void close() throws InterruptedException {
    socket.abort();
    http.shutdownNow();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }
}
