package dev.freshet.server;

import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.engine.Engine;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.http.LivePage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.AdminTokenFile;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.ObjectMapper;

/**
 * The inference server: an engine and its tokenizer behind the HTTP front, all of which it owns.
 * Start it with a {@link LivePage} to show that page in a browser.
 */
public final class InferenceServer implements AutoCloseable {
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

  /** Loads the model in {@code dir} and starts to listen. */
  public static InferenceServer start(
      Path dir,
      InferenceConfig config,
      EventLog events,
      MetricsRegistry registry,
      Optional<LivePage> page) {
    CheckpointStore.warmUp();
    InferenceMetrics metrics = InferenceMetrics.in(registry, events.clock());
    return start(
        Tokenizer.load(dir),
        _ -> new EmbeddedEngine(dir, config.engine(), events.clock(), metrics.engine()),
        engine -> new ServedModel(dir.toString(), Set.copyOf(engine.eosTokens())),
        config,
        events,
        metrics,
        page);
  }

  /**
   * Starts a server with an engine without a model, which makes {@code rate} tokens a second for
   * every completion. The server owns the tokenizer.
   */
  public static InferenceServer synthetic(
      Tokenizer tokenizer,
      double rate,
      InferenceConfig config,
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
        _ -> new ServedModel("synthetic", Set.of()),
        config,
        events,
        metrics,
        page);
  }

  private static <E extends Engine> InferenceServer start(
      Tokenizer tokenizer,
      Function<Tokenizer, E> make,
      Function<E, ServedModel> describe,
      InferenceConfig config,
      EventLog events,
      InferenceMetrics metrics,
      Optional<LivePage> page) {
    try {
      E engine = make.apply(tokenizer);
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
                    AdminTokenFile.read(config.adminTokenFile()),
                    page,
                    ServerLimits.DEFAULT));
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
