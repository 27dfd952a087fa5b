package dev.freshet.fleet;

import dev.freshet.client.ScriptedServer;
import dev.freshet.fleet.dialect.Dialects;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A server on a real socket that behaves as an inference server program does in an update, faults
 * included: it pauses, loads, names its version, dies when it is resumed without weights, and can
 * be killed, stopped and started again. It records what a fleet must never do to it.
 */
public final class PeerServer implements AutoCloseable {
  /** What happens to a call instead of its answer. */
  public enum Fault {
    /** The process ends. */
    KILLED,
    /** The process ends, and another has taken its place when the caller notices. */
    RESTARTED,
    /** The process is stopped, and carries out its calls once it continues. */
    STOPPED,
    /** The connection breaks. */
    CUT,
    /** 500. */
    FAILS,
    /** 200 with something else than JSON. */
    GARBAGE,
    /** 200 with {@code success: false}. */
    UNSUCCESSFUL
  }

  /**
   * A fault of one call.
   *
   * @param call the path, or path and phase of a Freshet server
   * @param carriedOut whether the call takes effect
   */
  public record Plan(String call, Fault fault, boolean carriedOut) {}

  /** A call that takes effect and is answered when the test says so, beside other calls. */
  public static final class Held {
    private final String call;
    private final CountDownLatch received = new CountDownLatch(1);
    private final CountDownLatch mayTakeEffect = new CountDownLatch(1);
    private final CountDownLatch carriedOut = new CountDownLatch(1);
    private final CountDownLatch mayBeAnswered = new CountDownLatch(1);

    private Held(String call) {
      this.call = call;
    }

    /** Returns once the server has received it. */
    public void awaitReceived() throws InterruptedException {
      await(received, "received");
    }

    /** Returns once it has taken effect: its answer is fixed. */
    public void takeEffect() throws InterruptedException {
      mayTakeEffect.countDown();
      await(carriedOut, "carried out");
    }

    /** It is answered. */
    public void release() {
      mayTakeEffect.countDown();
      mayBeAnswered.countDown();
    }

    private void await(CountDownLatch latch, String what) throws InterruptedException {
      if (!latch.await(1, TimeUnit.MINUTES)) {
        throw new AssertionError("%s was not %s within a minute".formatted(call, what));
      }
    }
  }

  private static final Pattern DIRECTORY =
      Pattern.compile("\"(?:weight_dir|weights_path|model_path|lora_path)\":\"([^\"]*)\"");
  private static final Pattern ADAPTER = Pattern.compile("\"lora_name\":\"([^\"]*)\"");
  private static final Pattern NAME =
      Pattern.compile("\"(?:new_version|weight_version)\":\"([^\"]*)\"");
  private static final Pattern STEP = Pattern.compile("\"step\":(\\d+)");
  private static final Pattern PHASE = Pattern.compile("\"phase\":\"(\\w+)\"");
  private static final String NO_WEIGHTS = "none";
  private static final String ABORTED = "{\"status\":\"aborted\",\"aborted\":2}";

  public final String kind;

  /** The calls so far, by path or path and phase. */
  public final List<String> calls = new CopyOnWriteArrayList<>();

  /** The calls so far, with query and body. */
  public final List<String> requests = new CopyOnWriteArrayList<>();

  /** What a fleet must never do. */
  public final List<String> violations = new CopyOnWriteArrayList<>();

  /** The directory of the weights. */
  public volatile String weights = "base";

  /** What a load read last; vLLM reads it again if no directory is named. */
  private volatile String lastLoaded = "base";

  /** The directory of the model that it was started with. */
  public volatile String root = "org/model";

  /** How many of the next loads are acknowledged and leave the weights as they are. */
  final AtomicInteger loadsWithoutEffect = new AtomicInteger();

  /** What it makes of its weights: its checksums differ from those of other hardware. */
  volatile String hardware = "";

  /** The further workers that it lists, if it is Dynamo's discovery address and first worker. */
  final List<PeerServer> workers = new CopyOnWriteArrayList<>();

  /** Where Dynamo's discovery says that it is, if not where it listens. */
  volatile Optional<URI> listedAt = Optional.empty();

  /** Its page of metrics. */
  volatile String metrics = "";

  /** Whether its engine does not respond. */
  volatile boolean unresponsive;

  /** What it reports. */
  public volatile String name = "";

  /** What a Freshet server reports with its base model. */
  volatile String baseName = "0";

  public volatile boolean paused;

  /** Whether its engine sleeps, with its weights unmapped. */
  volatile boolean asleep;

  /** Whether completions are running, which vLLM's prefix cache is not reset beside. */
  public volatile boolean busy;

  /** The directory of each adapter, by its name. */
  public final Map<String, String> adapters = new ConcurrentHashMap<>();

  /** The adapter that has requests. */
  volatile String busyAdapter = "";

  /** Routes that this version of the program does not have. */
  public final Set<String> missing = ConcurrentHashMap.newKeySet();

  /** Its completions. */
  final PeerGeneration generation = new PeerGeneration(this);

  /** Whether a load waits for running completions itself. */
  volatile boolean drains;

  private final int port;

  /** Guards the start and the end of the process, and what its calls change. */
  private final Object life = new Object();

  /** The number of this process: a call that an earlier one has received has no effect. */
  private int process;

  /** After how many further calls a stopped process continues. */
  private final AtomicInteger callsToContinue = new AtomicInteger();

  private volatile Optional<ScriptedServer> server = Optional.empty();
  private volatile Optional<Plan> plan = Optional.empty();
  private final List<Held> held = new CopyOnWriteArrayList<>();
  private volatile CountDownLatch stopped = new CountDownLatch(0);
  private volatile boolean killed;
  private volatile String tensors = "base";
  private volatile String prepared = NO_WEIGHTS;
  private volatile String before = "base";

  public PeerServer(String kind) throws IOException {
    this.kind = kind;
    try (ServerSocket free = new ServerSocket(0)) {
      this.port = free.getLocalPort();
    }
    start();
  }

  /** Starts the process, with the base model. */
  public void start() throws IOException {
    synchronized (life) {
      begin();
    }
  }

  private void begin() throws IOException {
    process++;
    stopped.countDown();
    weights = "base";
    tensors = "base";
    before = "base";
    prepared = NO_WEIGHTS;
    paused = false;
    adapters.clear();
    name = kind.equals("freshet") ? "0" : "default";
    killed = false;
    server = Optional.of(listen());
  }

  /** A listener that was just closed gives its port back a moment later. */
  private ScriptedServer listen() throws IOException {
    int number = process;
    for (int tries = 1; ; tries++) {
      try {
        return new ScriptedServer(port, connection -> serve(connection, number));
      } catch (BindException e) {
        if (tries == 1000) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  public ReplicaSpec spec() {
    return new ReplicaSpec(new ServerAddress(url(), url()), Dialects.named(kind));
  }

  /** The next call that the plan names has its fault, once. */
  public void arm(Plan next) {
    plan = Optional.of(next);
  }

  /** No call has a fault any longer. */
  public void disarm() {
    plan = Optional.empty();
  }

  /** Its streamed completions do not wait for the test. */
  public void streamsFreely() {
    generation.release(Integer.MAX_VALUE / 2);
  }

  /** The next call of that path is held. */
  public Held hold(String call) {
    Held next = new Held(call);
    held.add(next);
    return next;
  }

  public void kill() throws IOException {
    synchronized (life) {
      killed = true;
      if (server.isPresent()) {
        server.get().close();
      }
    }
  }

  /** Ends the process of that number, if it has not ended yet. */
  private void kill(int number) throws IOException {
    synchronized (life) {
      if (number == process) {
        kill();
      }
    }
  }

  /** As {@link #kill(int)}; another process takes its place before anyone can kill that one. */
  private void restart(int number) throws IOException {
    synchronized (life) {
      if (number == process) {
        kill();
        begin();
      }
    }
  }

  public boolean isKilled() {
    return killed;
  }

  public boolean isStopped() {
    return stopped.getCount() > 0;
  }

  public void stop() {
    stopUntil(Integer.MAX_VALUE);
  }

  /** Stops it until so many more requests have arrived. */
  public void stopUntil(int requests) {
    callsToContinue.set(requests);
    stopped = new CountDownLatch(1);
  }

  /** A stopped process continues, with the calls that it has received. */
  public void continues() {
    stopped.countDown();
  }

  /** Whether it generates with the weights of {@code directory}. */
  public boolean serves(String directory) {
    return (weights.equals(directory) || adapters.containsValue(directory)) && !paused;
  }

  private void serve(ScriptedServer.Connection connection, int number) throws Exception {
    if (!connection.readRequest()) {
      return;
    }
    String call = call(connection);
    requests.add((connection.target() + " " + connection.body()).strip());
    if (isStopped() && callsToContinue.decrementAndGet() == 0) {
      continues();
    }
    stopped.await();
    if (call.equals("/v1/completions") && !generation.streams(connection.body())) {
      complete(connection);
      return;
    }
    if (generation.has(call)) {
      generation.serve(connection);
      return;
    }
    Optional<Held> holding = held.stream().filter(h -> h.call.equals(call)).findFirst();
    if (holding.isPresent() && held.remove(holding.get())) {
      holding.get().received.countDown();
      holding.get().mayTakeEffect.await();
    }
    Optional<Plan> armed = plan.filter(p -> p.call().equals(call));
    if (armed.isEmpty()) {
      calls.add(call);
      String answer = carryOut(call, connection, number);
      if (holding.isPresent()) {
        holding.get().carriedOut.countDown();
        holding.get().mayBeAnswered.await();
      }
      answer(connection, answer);
      return;
    }
    plan = Optional.empty();
    calls.add(call);
    Plan fault = armed.get();
    if (fault.fault() == Fault.STOPPED && !fault.carriedOut()) {
      stop();
      stopped.await();
      answer(connection, carryOut(call, connection, number));
      return;
    }
    if (fault.carriedOut()) {
      var _ = carryOut(call, connection, number);
    } else {
      breakLoad(call, number);
    }
    switch (fault.fault()) {
      case KILLED -> kill(number);
      case RESTARTED -> restart(number);
      case STOPPED -> {
        stop();
        stopped.await();
      }
      case CUT -> {}
      case FAILS ->
          connection.json("500 Internal Server Error", "{\"error\":{\"message\":\"no\"}}");
      case GARBAGE -> connection.json("200 OK", "<html>");
      case UNSUCCESSFUL -> connection.json("200 OK", "{\"success\":false,\"message\":\"no\"}");
    }
  }

  /** Says by which weights it generates, once it is not paused. */
  private void complete(ScriptedServer.Connection connection)
      throws IOException, InterruptedException {
    while (paused) {
      Thread.sleep(1);
    }
    String model = connection.body().replaceAll(".*\"model\": ?\"([^\"]*)\".*", "$1");
    if (model.contains("@") && !adapters.containsKey(model)) {
      connection.json(
          "404 Not Found",
          "{\"error\":{\"message\":\"The model `%s` does not exist.\"}}".formatted(model));
      return;
    }
    connection.json(
        "200 OK",
        "{\"server\":\"%s\",\"weights\":\"%s\"}"
            .formatted(url(), adapters.getOrDefault(model, weights)));
  }

  /** A load that fails leaves a program that loads while it is paused without weights. */
  private void breakLoad(String call, int number) {
    synchronized (life) {
      if (isLoad(call) && number == process) {
        weights = NO_WEIGHTS;
      }
    }
  }

  private static boolean isLoad(String call) {
    return call.equals("/collective_rpc")
        || call.equals("/update_weights_from_disk")
        || call.equals("/engine/update_weights_from_disk")
        || call.equals("/update_weights");
  }

  private String call(ScriptedServer.Connection connection) {
    Matcher phase = PHASE.matcher(connection.body());
    return connection.path() + (phase.find() ? "#" + phase.group(1) : "");
  }

  private static void answer(ScriptedServer.Connection connection, String answer)
      throws IOException {
    if (answer.startsWith("HTTP ")) {
      String[] parts = answer.split(" ", 3);
      connection.json(parts[1] + " Error", parts[2]);
    } else {
      connection.json("200 OK", answer);
    }
  }

  private String carryOut(String call, ScriptedServer.Connection connection, int number)
      throws IOException {
    synchronized (life) {
      if (killed || number != process) {
        throw new IOException("the process that received " + call + " has ended");
      }
      return carryOut(call, connection);
    }
  }

  private String carryOut(String call, ScriptedServer.Connection connection) throws IOException {
    String body = connection.body();
    if (call.equals("/health")) {
      // SGLang's generates a token.
      return kind.equals("sglang") && paused ? "HTTP 503 {}" : "";
    }
    if (missing.contains(call)) {
      return "HTTP 404 {\"detail\":\"Not Found\"}";
    }
    return switch (kind) {
      case "freshet" -> freshet(call, body);
      case "vllm" -> vllm(call, connection.target(), body);
      case "vllm-lora" -> vllmLora(call, body);
      case "sglang" -> sglang(call, body);
      case "prime-rl" -> primeRl(call, body);
      case "dynamo" -> dynamo(call, body);
      default -> throw new AssertionError(kind);
    };
  }

  private String freshet(String call, String body) throws IOException {
    return switch (call) {
      case "/weight_info" -> "{\"weight_version\":\"%s\"}".formatted(name);
      case "/update_weights#prepare" -> {
        prepared = find(DIRECTORY, body);
        yield prepared.endsWith("bad") ? refused("NaN") : freshetAnswer();
      }
      case "/update_weights" -> {
        before = name + " " + weights;
        weights = find(DIRECTORY, body);
        name = find(STEP, body);
        yield freshetAnswer();
      }
      case "/update_weights#commit" -> {
        String directory = find(DIRECTORY, body);
        if (weights.equals(directory) && name.equals(find(STEP, body))) {
          yield freshetAnswer();
        }
        if (!prepared.equals(directory)) {
          yield refused("not prepared");
        }
        before = name + " " + weights;
        weights = prepared;
        name = find(STEP, body);
        prepared = NO_WEIGHTS;
        yield freshetAnswer();
      }
      case "/update_weights#rollback" -> {
        if (name.equals(find(STEP, body))) {
          name = before.split(" ", 2)[0];
          weights = before.split(" ", 2)[1];
        } else if (prepared.equals(NO_WEIGHTS)) {
          yield refused("neither prepared nor serving");
        }
        prepared = NO_WEIGHTS;
        yield freshetAnswer();
      }
      case "/reload_weights" -> {
        weights = "base";
        name = baseName;
        yield freshetAnswer();
      }
      case "/pause", "/resume" -> pause(call);
      case "/abort_requests" -> ABORTED;
      default -> "HTTP 404 {\"error\":{\"message\":\"no such route\"}}";
    };
  }

  private String freshetAnswer() {
    return "{\"status\":\"ok\",\"rpc_ms\":0,\"weight_version\":\"%s\"}".formatted(name);
  }

  private static String refused(String why) {
    return "HTTP 409 {\"error\":{\"message\":\"%s\",\"code\":\"conflict\"}}".formatted(why);
  }

  private String vllm(String call, String target, String body) throws IOException {
    return switch (call) {
      case "/weight_info" -> "{\"weight_version\":\"%s\"}".formatted(name);
      case "/is_paused" -> "{\"is_paused\":%b}".formatted(paused);
      case "/is_sleeping" -> "{\"is_sleeping\":%b}".formatted(asleep);
      case "/pause", "/resume" -> pause(call);
      case "/collective_rpc" ->
          body.contains("check_health") || load(body) ? "{\"results\":[null]}" : failed();
      case "/reset_prefix_cache" ->
          "{\"success\":%b}".formatted(!busy || target.contains("reset_running_requests=true"));
      case "/v1/models" -> models();
      case "/metrics" -> metrics;
      case "/weight_checker" ->
          paused
              ? "HTTP 409 {\"error\":{\"message\":\"paused\"}}"
              : "{\"checksums\":{\"tp0:a\":\"%x\",\"tp0:b\":\"0\"}}"
                  .formatted((hardware + tensors).hashCode());
      case "/abort_requests" -> ABORTED;
      case "/v1/load_lora_adapter", "/v1/unload_lora_adapter" -> adapter(call, body);
      case "/update_weight_version" -> {
        name = find(NAME, body);
        yield "{\"success\":true,\"new_version\":\"%s\"}".formatted(name);
      }
      default -> "HTTP 404 {\"detail\":\"Not Found\"}";
    };
  }

  private String models() {
    return "{\"object\":\"list\",\"data\":[{\"id\":\"lora\",\"root\":\"/lora\",\"parent\":\"policy\"},{\"id\":\"policy\",\"root\":\"%s\",\"parent\":null,\"permission\":[{\"id\":\"p\"}]}]}"
        .formatted(root);
  }

  private String vllmLora(String call, String body) throws IOException {
    return switch (call) {
      case "/v1/models" ->
          adapters.keySet().stream()
              .map("{\"id\":\"%s\",\"root\":\"/lora\",\"parent\":\"policy\"}"::formatted)
              .collect(Collectors.joining(",", "{\"object\":\"list\",\"data\":[", "]}"));
      case "/v1/load_lora_adapter", "/v1/unload_lora_adapter" -> adapter(call, body);
      case "/pause", "/resume" -> pause(call);
      case "/metrics" ->
          "vllm:lora_requests_info{max_lora=\"2\",running_lora_adapters=\"policy@v0\"} 1.0\n"
              + "vllm:lora_requests_info{max_lora=\"2\",running_lora_adapters=\"%s\"} 2.0\n"
                  .formatted(busyAdapter);
      default -> "HTTP 404 {\"detail\":\"Not Found\"}";
    };
  }

  private String pause(String call) throws IOException {
    if (call.equals("/pause")) {
      paused = true;
      return "{\"status\":\"paused\"}";
    }
    resumed();
    return "{\"status\":\"resumed\"}";
  }

  private String adapter(String call, String body) {
    String adapter = find(ADAPTER, body);
    if (call.contains("unload")) {
      return adapters.remove(adapter) != null
          ? "Success: LoRA adapter removed successfully."
          : "HTTP 404 {\"error\":{\"message\":\"cannot be found\"}}";
    }
    return adapters.putIfAbsent(adapter, find(DIRECTORY, body)) == null
        ? "Success: LoRA adapter added successfully."
        : "HTTP 400 {\"error\":{\"message\":\"The lora adapter has already been"
            + " loaded.\",\"type\":\"InvalidUserInput\",\"code\":400}}";
  }

  private static String failed() {
    return "HTTP 500 {\"error\":{\"message\":\"Call to collective_rpc method"
        + " failed\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}";
  }

  private String sglang(String call, String body) throws IOException {
    return switch (call) {
      case "/model_info", "/get_model_info" ->
          "{\"model_path\":\"%s\",\"weight_version\":\"%s\"}".formatted(root, name);
      case "/metrics" -> metrics;
      case "/pause_generation" -> {
        paused = true;
        yield "{}";
      }
      case "/continue_generation" -> {
        resumed();
        yield "{}";
      }
      case "/update_weights_from_disk" -> {
        if (!load(body)) {
          yield "HTTP 400 {\"success\":false,\"message\":\"no such file\"}";
        }
        name = find(NAME, body);
        yield "{\"success\":true,\"message\":\"Succeeded\",\"num_paused_requests\":0}";
      }
      case "/flush_cache" -> "Cache flushed.";
      default -> "HTTP 404 {}";
    };
  }

  private String dynamo(String call, String body) throws IOException {
    return switch (call) {
      case "/v1/rl/workers" ->
          Stream.concat(Stream.of(this), workers.stream())
              .map(
                  worker ->
                      "{\"instance_id\":%d,\"system_url\":\"%s\",\"model\":\"policy\",\"routes\":[\"pause_generation\",\"update_weights_from_disk\",\"get_weight_version\",\"resume_generation\"]}"
                          .formatted(worker.port, worker.listedAt.orElse(worker.url())))
              .collect(Collectors.joining(",", "{\"protocol_version\":1,\"workers\":[", "]}"));
      case "/engine/pause_generation" -> {
        paused = true;
        yield "{\"status\":\"ok\"}";
      }
      case "/engine/resume_generation" -> {
        resumed();
        yield "{\"status\":\"ok\"}";
      }
      case "/engine/update_weights_from_disk" -> {
        if (!load(body)) {
          yield "{\"status\":\"error\",\"message\":\"no such file\"}";
        }
        name = find(NAME, body);
        yield "{\"status\":\"ok\",\"version\":\"%s\"}".formatted(name);
      }
      case "/engine/get_weight_version" -> "{\"status\":\"ok\",\"version\":\"%s\"}".formatted(name);
      default -> "HTTP 404 {\"detail\":\"Not Found\"}";
    };
  }

  private String primeRl(String call, String body) throws IOException {
    return switch (call) {
      case "/v1/models" -> models();
      case "/pause", "/resume" -> pause(call);
      case "/liveness" ->
          unresponsive ? "HTTP 503 {\"status\":\"engine_unresponsive\"}" : "{\"status\":\"ok\"}";
      case "/update_weights", "/reload_weights" ->
          load(body) ? "{\"status\":\"ok\",\"rpc_ms\":0}" : "HTTP 500 {\"detail\":\"failed\"}";
      default -> "HTTP 404 {\"detail\":\"Not Found\"}";
    };
  }

  private boolean load(String body) {
    if (!paused && !drains) {
      violations.add("a load was posted to a server that was not paused");
    }
    if (asleep) {
      violations.add("a load was posted to a server that sleeps");
    }
    Matcher directory = DIRECTORY.matcher(body);
    if (directory.find()) {
      lastLoaded = directory.group(1).equals(root) ? "base" : directory.group(1);
    } else if (!kind.startsWith("vllm")) {
      lastLoaded = "base";
    }
    weights = lastLoaded;
    if (weights.endsWith("bad")) {
      weights = NO_WEIGHTS;
      return false;
    }
    if (loadsWithoutEffect.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
      tensors = weights;
    }
    return true;
  }

  private void resumed() throws IOException {
    paused = false;
    if (weights.equals(NO_WEIGHTS)) {
      violations.add("resumed without weights");
      kill();
    }
  }

  private static String find(Pattern pattern, String body) {
    Matcher found = pattern.matcher(body);
    if (!found.find()) {
      throw new AssertionError("%s not in %s".formatted(pattern, body));
    }
    return found.group(1);
  }

  @Override
  public void close() throws IOException {
    continues();
    kill();
  }

  @Override
  public String toString() {
    return "%s with weights %s named %s%s".formatted(kind, weights, name, paused ? ", paused" : "");
  }
}
