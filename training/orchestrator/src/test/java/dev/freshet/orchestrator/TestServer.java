package dev.freshet.orchestrator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.Prompt;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
import dev.freshet.wire.WeightsAnswer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small inference server on real sockets: the wire contract with a policy given as a function of
 * the prompt, the seed and the weight version. Gates decide which calls fail and which wait.
 */
final class TestServer implements AutoCloseable {
  /** The outcome of a completion. */
  enum Fate {
    WELL,
    HTTP_500,
    HTTP_400,
    CUT_OFF,
    ABORTED,
    INFINITE_LOGPROB,
    /** The second half is of the weights before. */
    VERSION_FALLS
  }

  /** The answer to a prompt: its tokens. */
  interface Policy {
    int[] answer(int[] prompt, long seed, long version);
  }

  /** Decides a completion's fate; may block to hold it. */
  interface Gate {
    Fate pass(int[] prompt) throws InterruptedException;
  }

  /** Passes a token of an answer; may block to hold it. */
  interface TokenGate {
    void pass(int[] prompt, int index) throws InterruptedException;
  }

  /** Answers the prepare of an update with an HTTP status; may block to hold it. */
  interface UpdateGate {
    int pass(UpdatePost post) throws InterruptedException;
  }

  record UpdatePost(String trace, long step) {}

  /** Passes every completion. */
  static final Gate OPEN = prompt -> Fate.WELL;

  /** Takes every update. */
  static final UpdateGate TAKE = post -> 200;

  final List<int[]> prompts = new CopyOnWriteArrayList<>();
  final List<UpdatePost> updatePosts = new CopyOnWriteArrayList<>();
  final AtomicInteger reloads = new AtomicInteger();
  final AtomicInteger streaming = new AtomicInteger();
  volatile Gate gate = OPEN;
  volatile TokenGate tokenGate = (prompt, index) -> {};
  volatile UpdateGate updateGate = TAKE;
  volatile long version;

  /** Whether answers have the versions of their tokens. */
  volatile boolean reportsVersions = true;

  /** The version before the last commit. */
  private volatile long before;

  private final Policy policy;
  private final HttpServer data;
  private final HttpServer admin;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  TestServer(Policy policy) throws IOException {
    this(policy, 0, 0);
  }

  /** A new process in place of one that has been closed, with version 0. */
  static TestServer restarted(TestServer closed, Policy policy) throws IOException {
    ServerAddress address = closed.address();
    return new TestServer(policy, address.data().getPort(), address.admin().getPort());
  }

  private TestServer(Policy policy, int dataPort, int adminPort) throws IOException {
    this.policy = policy;
    this.data = listen(dataPort);
    this.admin = listen(adminPort);
    data.createContext("/v1/completions", this::complete);
    admin.createContext("/health", exchange -> answer(exchange, 200, new byte[0]));
    admin.createContext(
        "/weight_info",
        exchange -> answer(exchange, 200, new WeightInfo(Long.toString(version)).toJson()));
    admin.createContext("/update_weights", this::update);
    admin.createContext("/reload_weights", this::reload);
    data.start();
    admin.start();
  }

  private HttpServer listen(int port) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
    server.setExecutor(threads);
    return server;
  }

  ServerAddress address() {
    return new ServerAddress(url(data), url(admin));
  }

  private static URI url(HttpServer server) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void complete(HttpExchange exchange) throws IOException {
    CompletionRequest request =
        CompletionRequest.parse(exchange.getRequestBody().readAllBytes(), 1 << 20);
    int[] prompt = ((Prompt.Tokens) request.prompt()).ids();
    prompts.add(prompt);
    streaming.incrementAndGet();
    try (exchange) {
      Fate fate = gate.pass(prompt);
      switch (fate) {
        case HTTP_500 -> answer(exchange, 500, error("internal"));
        case HTTP_400 -> answer(exchange, 400, error("bad_prompt"));
        default -> stream(exchange, request, prompt, fate);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      streaming.decrementAndGet();
    }
  }

  private void stream(HttpExchange exchange, CompletionRequest request, int[] prompt, Fate fate)
      throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    int[] answer = policy.answer(prompt, request.seed().orElse(0), version);
    int length = Math.min(answer.length, request.maxTokens());
    OutputStream out = exchange.getResponseBody();
    for (int i = 0; i < length; i++) {
      tokenGate.pass(prompt, i);
      if (fate == Fate.CUT_OFF && i == length / 2) {
        return;
      }
      String finish =
          i < length - 1
              ? "null"
              : fate == Fate.ABORTED
                  ? "\"abort\""
                  : length < answer.length ? "\"length\"" : "\"stop\"";
      long stamp = fate == Fate.VERSION_FALLS && i >= length / 2 ? version - 1 : version;
      String logprob = fate == Fate.INFINITE_LOGPROB ? "-1e39" : "-0.5";
      String versions =
          reportsVersions
              ? "[{\"version\":\"%d\",\"start\":%d,\"end\":%d}]".formatted(stamp, i, i + 1)
              : "null";
      String chunk =
          "{\"id\":\"c\",\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\"\",\"token_ids\":[%d],\"logprobs\":{\"token_logprobs\":[%s]},\"weight_versions\":%s,\"finish_reason\":%s}]}"
              .formatted(answer[i], logprob, versions, finish);
      out.write(("data: " + chunk + "\n\n").getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
    out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
  }

  private void update(HttpExchange exchange) throws IOException {
    UpdateWeightsRequest request =
        UpdateWeightsRequest.parse(exchange.getRequestBody().readAllBytes());
    String trace = exchange.getRequestHeaders().getFirst(TraceId.HEADER);
    UpdatePost post = new UpdatePost(trace, request.step().orElseThrow());
    switch (request.phase()) {
      case COMMIT -> {
        before = version;
        version = post.step();
        acknowledge(exchange, trace);
        return;
      }
      case ROLLBACK -> {
        version = version == post.step() ? before : version;
        acknowledge(exchange, trace);
        return;
      }
      default -> updatePosts.add(post);
    }
    try {
      int status = updateGate.pass(post);
      if (status == 200) {
        if (!Files.exists(Path.of(request.weightDir().orElseThrow(), "STABLE"))) {
          answer(exchange, 409, error("not_stable"));
          return;
        }
        if (request.phase() == UpdatePhase.ALL) {
          version = post.step();
        }
        acknowledge(exchange, trace);
      } else if (status == 0) {
        exchange.close();
      } else {
        answer(exchange, status, error("no"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.close();
    }
  }

  private void reload(HttpExchange exchange) throws IOException {
    reloads.incrementAndGet();
    version = 0;
    acknowledge(exchange, exchange.getRequestHeaders().getFirst(TraceId.HEADER));
  }

  private void acknowledge(HttpExchange exchange, String trace) throws IOException {
    answer(
        exchange,
        200,
        new WeightsAnswer(
                Long.toString(version),
                Optional.empty(),
                trace,
                PartTimes.NONE
                    .with(UpdatePart.RPC, 0.25)
                    .with(UpdatePart.HANDLER, 0.05)
                    .with(UpdatePart.STALL, 0.01)
                    .with(UpdatePart.PREPARE, 0.2)
                    .with(UpdatePart.SWAP, 0.01),
                Optional.empty())
            .toJson());
  }

  private static byte[] error(String code) {
    return new ErrorBody("the test says so", "test_error", code).toJson();
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    data.stop(0);
    admin.stop(0);
    threads.shutdownNow();
  }
}
