package dev.freshet.server;

import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.engine.Engine;
import dev.freshet.engine.EngineException;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.LivePage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.trace.EventLog;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.ModelDirectory;
import dev.freshet.wire.AdminTokenFile;
import dev.freshet.wire.ApiKeys;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.ObjectMapper;

/**
 * The inference server: an engine and its tokenizer behind the HTTP front, all of which it owns.
 * Start it with a {@link LivePage} to show that page in a browser.
 */
public final class InferenceServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(InferenceServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Tokenizer tokenizer;
  private final Engine engine;
  private final InferenceMetrics metrics;
  private final EngineServer front;

  private InferenceServer(
      Tokenizer tokenizer, Engine engine, InferenceMetrics metrics, EngineServer front) {
    this.tokenizer = tokenizer;
    this.engine = engine;
    this.metrics = metrics;
    this.front = front;
  }

  /**
   * Loads the model in {@code dir} and starts to listen, with the API keys of the configuration and
   * the environment.
   */
  public static InferenceServer start(
      Path dir,
      InferenceConfig config,
      HttpConfig http,
      EventLog events,
      MetricsRegistry registry,
      Optional<LivePage> page) {
    ApiKeys keys = ApiKeys.from(List.of(), config.apiKeyFile());
    return start(dir, config, keys, http, events, registry, page);
  }

  /** The same with {@code keys}. */
  public static InferenceServer start(
      Path dir,
      InferenceConfig config,
      ApiKeys keys,
      HttpConfig http,
      EventLog events,
      MetricsRegistry registry,
      Optional<LivePage> page) {
    ModelDirectory.require(dir);
    CheckpointStore.warmUp();
    InferenceMetrics metrics = InferenceMetrics.in(registry, events.clock());
    Tokenizer tokenizer = Tokenizer.load(dir);
    return start(
        tokenizer,
        _ -> new EmbeddedEngine(dir, config.engine(), events.clock(), metrics.engine()),
        engine -> ServedModel.of(dir, engine, tokenizer, config.messages()),
        config,
        keys,
        http,
        events,
        metrics,
        page);
  }

  /**
   * Starts a server with an engine without a model, which makes {@code rate} tokens a second for
   * every completion. The prompt of a chat is the contents of its messages. The server owns the
   * tokenizer.
   */
  public static InferenceServer synthetic(
      Tokenizer tokenizer,
      double rate,
      InferenceConfig config,
      ApiKeys keys,
      HttpConfig http,
      EventLog events,
      MetricsRegistry registry,
      Optional<LivePage> page) {
    InferenceMetrics metrics = InferenceMetrics.in(registry, events.clock());
    return start(
        tokenizer,
        texts ->
            new SyntheticEngine(
                config.engine().modelName(),
                texts.vocabSize(),
                PrintableTokens.of(texts),
                rate,
                events.clock(),
                metrics.engine()),
        _ -> new ServedModel("synthetic", Set.of(), ChatPrompts.contents(), MessageFormat.PLAIN),
        config,
        keys,
        http,
        events,
        metrics,
        page);
  }

  private static <E extends Engine> InferenceServer start(
      Tokenizer tokenizer,
      Function<Tokenizer, E> make,
      Function<E, ServedModel> describe,
      InferenceConfig config,
      ApiKeys keys,
      HttpConfig http,
      EventLog events,
      InferenceMetrics metrics,
      Optional<LivePage> page) {
    try {
      E engine = make.apply(tokenizer);
      if (tokenizer.vocabSize() > engine.vocabSize()) {
        LOG.warn(
            "the tokenizer has ids up to {}, the model's embedding {} rows: a prompt with an id"
                + " past them is refused",
            tokenizer.vocabSize() - 1,
            engine.vocabSize());
      }
      try {
        EngineServer front =
            EngineServer.start(
                engine,
                tokenizer,
                describe.apply(engine),
                events,
                metrics,
                new ServerConfig(
                    new InetSocketAddress(config.host(), config.port()),
                    new InetSocketAddress(config.adminHost(), config.adminPort()),
                    http,
                    AdminTokenFile.read(config.adminTokenFile()),
                    keys,
                    page,
                    Optional.of(config.sessionsDir()).filter(dir -> !dir.isEmpty()).map(Path::of),
                    config.promptTokensDetails(),
                    ServerLimits.DEFAULT.draining(Duration.ofSeconds(config.drainTimeoutS()))));
        return new InferenceServer(tokenizer, engine, metrics, front);
      } catch (RuntimeException e) {
        engine.close();
        throw e;
      }
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** The load of the server now, as a JSON line for the dashboard. */
  public String load() {
    return JSON.createObjectNode()
        .put("role", "inference")
        .put("kind", "load")
        .put("time", System.currentTimeMillis() / 1000.0)
        .put("streams", metrics.server().streams())
        .put("tokens", metrics.engine().generatedTokens())
        .put("version", engine.policyVersion())
        .toString();
  }

  /**
   * Runs {@code action} on another thread once the engine has failed. The server then answers every
   * request with an error and can only be closed.
   */
  public void onFailure(Runnable action) {
    var _ = engine.failure().thenRunAsync(action);
  }

  /**
   * Throws the reason if the engine has failed.
   *
   * @throws EngineException FAILED
   */
  public void requireNoFailure() {
    if (engine.failure().isDone()) {
      throw engine.failure().join();
    }
  }

  /** The model's tokenizer, open until the server is closed. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The root of the data listener. */
  public URI dataUrl() {
    return front.dataUrl();
  }

  /** The root of the admin listener. */
  public URI adminUrl() {
    return front.adminUrl();
  }

  @Override
  public void close() {
    try (tokenizer;
        engine) {
      front.close();
    }
  }
}
