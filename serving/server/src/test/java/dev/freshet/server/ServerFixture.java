package dev.freshet.server;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamingClient;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.HttpLimits;
import dev.freshet.http.LivePage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.session.SessionLimits;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.LiveFeed;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequestBuilder;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A server on real sockets for a scripted engine, and clients of it. */
final class ServerFixture implements AutoCloseable {
  static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz\"\n🦀ä";
  private static final String SEPARATOR = "<|sep|>";
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
  final EngineServer server;
  final StreamingClient client = new StreamingClient();
  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** What a server is made of unless a test says otherwise. */
  private static final class Options {
    private ServerLimits limits = ServerLimits.DEFAULT;
    private MonotonicClock clock = MonotonicClock.SYSTEM;
    private Optional<AdminToken> token = Optional.empty();
    private ApiKeys keys = ApiKeys.NONE;
    private HttpConfig http = HttpConfig.DEFAULT;
    private Optional<Path> sessionsDir = Optional.empty();
    private boolean promptDetails;
    private String alphabet = ALPHABET;
    private String special = SEPARATOR;
    private MessageFormat format = MessageFormat.PLAIN;
  }

  ServerFixture(Path dir) throws IOException {
    this(dir, _ -> {});
  }

  ServerFixture(Path dir, AdminToken token) throws IOException {
    this(dir, options -> options.token = Optional.of(token));
  }

  ServerFixture(Path dir, ServerLimits limits, MonotonicClock clock) throws IOException {
    this(
        dir,
        options -> {
          options.limits = limits;
          options.clock = clock;
        });
  }

  /** A server whose answers have the cached tokens of the prompt in their usage. */
  static ServerFixture withPromptDetails(Path dir) throws IOException {
    return new ServerFixture(dir, options -> options.promptDetails = true);
  }

  /** A server that writes what its sessions capture to a directory. */
  static ServerFixture withSessions(
      Path dir, Path sessionsDir, ServerLimits limits, MonotonicClock clock) throws IOException {
    return new ServerFixture(
        dir,
        options -> {
          options.sessionsDir = Optional.of(sessionsDir);
          options.limits = limits;
          options.clock = clock;
        });
  }

  /**
   * A server whose model writes {@code text} and ends.
   *
   * @param format how it writes its messages
   */
  static ServerFixture writing(Path dir, MessageFormat format, String text) throws IOException {
    return writing(dir, format, text, SEPARATOR);
  }

  /**
   * The same, with a special token.
   *
   * @param special the token's text
   */
  static ServerFixture writing(Path dir, MessageFormat format, String text, String special)
      throws IOException {
    StringBuilder alphabet = new StringBuilder();
    (ALPHABET + text).codePoints().distinct().forEach(alphabet::appendCodePoint);
    ServerFixture fixture =
        new ServerFixture(
            dir,
            options -> {
              options.alphabet = alphabet.toString();
              options.special = special;
              options.format = format;
            });
    fixture.engine.script = fixture.tokenizer.encode(text);
    return fixture;
  }

  /** A server whose requests need one of {@code keys}, with an admin token if there is one. */
  static ServerFixture withKeys(Path dir, ApiKeys keys, Optional<AdminToken> token, HttpConfig http)
      throws IOException {
    return new ServerFixture(
        dir,
        options -> {
          options.keys = keys;
          options.token = token;
          options.http = http;
        });
  }

  private ServerFixture(Path dir, Consumer<Options> set) throws IOException {
    Options options = new Options();
    set.accept(options);
    CharTokenizer characters = new CharTokenizer(options.alphabet);
    for (Map.Entry<String, byte[]> file : characters.files().entrySet()) {
      String content = new String(file.getValue(), StandardCharsets.UTF_8);
      Files.writeString(dir.resolve(file.getKey()), content.replace(SEPARATOR, options.special));
    }
    tokenizer = Tokenizer.load(dir);
    engine = new ScriptedEngine(characters.vocabSize());
    events = new EventLog(log::add, options.clock);
    metrics = InferenceMetrics.in(new MetricsRegistry(), options.clock);
    server =
        EngineServer.start(
            engine,
            tokenizer,
            new ServedModel(
                "models/base", Set.of(CharTokenizer.EOS), ServerFixture::contents, options.format),
            events,
            metrics,
            new ServerConfig(
                ANY_PORT,
                ANY_PORT,
                options.http,
                options.token,
                options.keys,
                Optional.of(new LivePage(PAGE.getBytes(StandardCharsets.UTF_8), feed)),
                options.sessionsDir,
                options.promptDetails,
                options.limits));
  }

  /** The contents of a chat's messages, which its prompt consists of. */
  private static String contents(ChatRequest chat) {
    return chat.messages().stream()
        .map(message -> (String) message.get("content"))
        .collect(Collectors.joining());
  }

  /** The default limits, except those that a test sets. */
  static Limits limits() {
    return new Limits();
  }

  static final class Limits {
    private int connections = ServerLimits.DEFAULT.maxConnections();
    private int adminConnections = ServerLimits.DEFAULT.maxAdminConnections();
    private int bodyBytes = HttpLimits.DEFAULT.maxBodyBytes();
    private long allBodyBytes = HttpLimits.DEFAULT.maxAllBodyBytes();
    private int heldBytes = ServerLimits.DEFAULT.maxHeldBytes();
    private long allHeldBytes = ServerLimits.DEFAULT.maxAllHeldBytes();
    private CompletionLimits completions = CompletionLimits.DEFAULT;
    private SessionLimits sessions = SessionLimits.DEFAULT;
    private Duration request = LONG;
    private Duration idle = LONG;
    private Duration update = LONG;
    private Duration drain = Duration.ZERO;

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

    Limits completions(CompletionLimits most) {
      completions = most;
      return this;
    }

    Limits sessions(SessionLimits most) {
      sessions = most;
      return this;
    }

    Limits request(Duration most) {
      request = most;
      return this;
    }

    Limits idle(Duration most) {
      idle = most;
      return this;
    }

    Limits drain(Duration most) {
      drain = most;
      return this;
    }

    Limits update(Duration most) {
      update = most;
      return this;
    }

    ServerLimits build() {
      return new ServerLimits(
          new HttpLimits(bodyBytes, allBodyBytes, request, idle),
          1,
          connections,
          adminConnections,
          heldBytes,
          allHeldBytes,
          completions,
          sessions,
          update,
          drain,
          ServerLimits.DEFAULT.close());
    }
  }

  /** The id of a character. */
  int id(String character) {
    return tokenizer.encode(character)[0];
  }

  Call start(CompletionRequestBuilder request) {
    return client.start(server.dataUrl(), request.build(), LONG);
  }

  static Completion await(Call call) throws Exception {
    return call.result().get(60, TimeUnit.SECONDS);
  }

  AdminClient admin() {
    return new AdminClient(server.adminUrl(), AdminDeadlines.DEFAULT, events);
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

  HttpResponse<String> get(URI root, String path, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(root.resolve(path)).timeout(LONG);
    return http.send(
        (headers.length > 0 ? request.headers(headers) : request).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static JsonNode json(String text) {
    return JSON.readTree(text);
  }

  /** A bare connection to the data listener. */
  Socket dataSocket() throws IOException {
    Socket socket = new Socket();
    socket.connect(server.dataAddress());
    socket.setSoTimeout(60_000);
    return socket;
  }

  /** Sends bytes to the data listener and reads until it closes the connection. */
  String exchange(String bytes) throws IOException {
    try (Socket socket = dataSocket()) {
      send(socket, bytes);
      return readAll(socket.getInputStream());
    }
  }

  static void send(Socket socket, String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads a chunked answer until the connection closes; fails if the last chunk is missing. */
  static String readChunked(Socket socket) throws IOException {
    String answer = readAll(socket.getInputStream());
    if (!answer.endsWith("0\r\n\r\n")) {
      throw new IOException("the answer ends before its last chunk");
    }
    return answer;
  }

  /** Waits for {@code latch} where interrupts are not expected. */
  static void awaitLatch(CountDownLatch latch) {
    try {
      if (!latch.await(LONG.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("not released within " + LONG);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static String readAll(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  /** A whole HTTP request to the data listener's completions. */
  static String completionRequest(String body, String... headers) {
    return "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\n%scontent-length: %d\r\n\r\n%s"
        .formatted(
            String.join("", List.of(headers).stream().map(h -> h + "\r\n").toList()),
            body.getBytes(StandardCharsets.UTF_8).length,
            body);
  }

  @Override
  public void close() {
    client.close();
    http.close();
    server.close();
    engine.close();
    tokenizer.close();
  }
}
