package dev.freshet.server;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamingClient;
import dev.freshet.http.FrontLimits;
import dev.freshet.http.LivePage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.LiveFeed;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.CompletionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A front on real sockets before a scripted engine, with the clients that talk to it. */
final class FrontFixture implements AutoCloseable {
  static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz\"\n🦀ä";
  static final String PAGE = "<!DOCTYPE html><title>Freshet</title>";
  static final Duration LONG = Duration.ofSeconds(60);
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final ObjectMapper JSON = new ObjectMapper();

  final List<String> log = new CopyOnWriteArrayList<>();
  final EventLog events;
  final InferenceMetrics metrics;
  final LiveFeed feed = new LiveFeed();
  final Tokenizer tokenizer;
  final ScriptedEngine engine;
  final Front front;
  final StreamingClient client = new StreamingClient();
  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  FrontFixture(Path dir) throws IOException {
    this(dir, FrontLimits.DEFAULT, MonotonicClock.SYSTEM);
  }

  FrontFixture(Path dir, AdminToken token) throws IOException {
    this(dir, FrontLimits.DEFAULT, MonotonicClock.SYSTEM, Optional.of(token));
  }

  FrontFixture(Path dir, FrontLimits limits, MonotonicClock clock) throws IOException {
    this(dir, limits, clock, Optional.empty());
  }

  private FrontFixture(
      Path dir, FrontLimits limits, MonotonicClock clock, Optional<AdminToken> token)
      throws IOException {
    CharTokenizer characters = new CharTokenizer(ALPHABET);
    characters.write(dir);
    tokenizer = Tokenizer.load(dir);
    engine = new ScriptedEngine(characters.vocabSize());
    events = new EventLog(log::add, clock);
    metrics = InferenceMetrics.in(new MetricsRegistry(), clock);
    front =
        Front.start(
            engine,
            tokenizer,
            new ServedModel("models/base", Set.of(CharTokenizer.EOS)),
            events,
            metrics,
            new FrontConfig(
                ANY_PORT,
                ANY_PORT,
                token,
                Optional.of(new LivePage(PAGE.getBytes(StandardCharsets.UTF_8), feed)),
                limits));
  }

  /** The default limits, but for those that a test sets. */
  static Limits limits() {
    return new Limits();
  }

  static final class Limits {
    private int connections = FrontLimits.DEFAULT.maxConnections();
    private int adminConnections = FrontLimits.DEFAULT.maxAdminConnections();
    private int bodyBytes = FrontLimits.DEFAULT.maxBodyBytes();
    private long allBodyBytes = FrontLimits.DEFAULT.maxAllBodyBytes();
    private int heldBytes = FrontLimits.DEFAULT.maxHeldBytes();
    private long allHeldBytes = FrontLimits.DEFAULT.maxAllHeldBytes();
    private Duration idle = LONG;
    private Duration update = LONG;

    Limits connections(int most) {
      connections = most;
      return this;
    }

    Limits adminConnections(int most) {
      adminConnections = most;
      return this;
    }

    Limits bodyBytes(int most) {
      bodyBytes = most;
      return this;
    }

    Limits allBodyBytes(long most) {
      allBodyBytes = most;
      return this;
    }

    Limits heldBytes(int most) {
      heldBytes = most;
      return this;
    }

    Limits allHeldBytes(long most) {
      allHeldBytes = most;
      return this;
    }

    Limits idle(Duration most) {
      idle = most;
      return this;
    }

    Limits update(Duration most) {
      update = most;
      return this;
    }

    FrontLimits build() {
      return new FrontLimits(
          1,
          connections,
          adminConnections,
          bodyBytes,
          allBodyBytes,
          heldBytes,
          allHeldBytes,
          idle,
          update,
          FrontLimits.DEFAULT.close());
    }
  }

  /** The id of a character. */
  int id(String character) {
    return tokenizer.encode(character)[0];
  }

  Call start(CompletionRequest.Builder request) {
    return client.start(front.dataUrl(), request.build(), LONG);
  }

  static Completion await(Call call) throws Exception {
    return call.result().get(60, TimeUnit.SECONDS);
  }

  AdminClient admin() {
    return new AdminClient(front.adminUrl(), AdminDeadlines.DEFAULT, events);
  }

  HttpResponse<String> post(URI root, String path, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(root.resolve(path))
            .timeout(LONG)
            .POST(HttpRequest.BodyPublishers.ofString(body));
    return http.send(
        (headers.length > 0 ? request.headers(headers) : request).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(URI root, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(root.resolve(path)).timeout(LONG).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static JsonNode json(String text) {
    return JSON.readTree(text);
  }

  /** A bare connection to the data listener. */
  Socket dataSocket() throws IOException {
    Socket socket = new Socket();
    socket.connect(front.dataAddress());
    socket.setSoTimeout(60_000);
    return socket;
  }

  /** Sends bytes to the data listener and reads whatever comes until it closes. */
  String exchange(String bytes) throws IOException {
    try (Socket socket = dataSocket()) {
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
      return readAll(socket.getInputStream());
    }
  }

  static String readAll(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  /** A whole HTTP request to the data listener's completions. */
  static String completionRequest(String body, String... headers) {
    return "POST /v1/completions HTTP/1.1\r\nhost: h\r\n%scontent-length: %d\r\n\r\n%s"
        .formatted(
            String.join("", List.of(headers).stream().map(h -> h + "\r\n").toList()),
            body.getBytes(StandardCharsets.UTF_8).length,
            body);
  }

  static void eventually(BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + LONG.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("never came true");
      }
      Thread.sleep(1);
    }
  }

  @Override
  public void close() {
    client.close();
    http.close();
    front.close();
    engine.close();
    tokenizer.close();
  }
}
