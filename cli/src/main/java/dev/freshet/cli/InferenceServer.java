package dev.freshet.cli;

import dev.freshet.dashboard.Dashboard;
import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.engine.Engine;
import dev.freshet.engine.EngineOptions;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.EngineServer;
import dev.freshet.server.InferenceMetrics;
import dev.freshet.server.PrintableTokens;
import dev.freshet.server.ServedModel;
import dev.freshet.server.ServerConfig;
import dev.freshet.server.ServerLimits;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.ObjectMapper;

/** The inference server: owns tokenizer, engine and front, not the dashboard that it tells. */
public final class InferenceServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Tokenizer tokenizer;
  private final Engine engine;
  private final EngineServer front;

  private InferenceServer(Tokenizer tokenizer, Engine engine, EngineServer front) {
    this.tokenizer = tokenizer;
    this.engine = engine;
    this.front = front;
  }

  /** Loads the model in {@code dir} and listens. */
  static InferenceServer start(
      Path dir,
      FreshetConfig.Inference config,
      EventLog events,
      MetricsRegistry registry,
      Dashboard dashboard) {
    CheckpointStore.warmUp();
    InferenceMetrics metrics = InferenceMetrics.in(registry, events.clock());
    return start(
        Tokenizer.load(dir),
        _ -> new EmbeddedEngine(dir, options(config), events.clock(), metrics.engine()),
        engine -> new ServedModel(dir.toString(), Set.copyOf(engine.eosTokens())),
        config,
        events,
        metrics,
        dashboard);
  }

  /**
   * Listens before an engine without a model, which makes {@code rate} tokens a second for every
   * completion. It owns the tokenizer from now on.
   */
  static InferenceServer synthetic(
      Tokenizer tokenizer,
      double rate,
      FreshetConfig.Inference config,
      EventLog events,
      MetricsRegistry registry,
      Dashboard dashboard) {
    InferenceMetrics metrics = InferenceMetrics.in(registry, events.clock());
    return start(
        tokenizer,
        texts ->
            new SyntheticEngine(
                config.modelName(),
                texts.vocabSize(),
                PrintableTokens.of(texts),
                rate,
                events.clock(),
                metrics.engine()),
        _ -> new ServedModel("synthetic", Set.of()),
        config,
        events,
        metrics,
        dashboard);
  }

  private static <E extends Engine> InferenceServer start(
      Tokenizer tokenizer,
      Function<Tokenizer, E> make,
      Function<E, ServedModel> describe,
      FreshetConfig.Inference config,
      EventLog events,
      InferenceMetrics metrics,
      Dashboard dashboard) {
    try {
      LaneRehearsal.hold();
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
                    Optional.of(dashboard.page()),
                    ServerLimits.DEFAULT));
        dashboard.lines(() -> List.of(load(engine, metrics)));
        return new InferenceServer(tokenizer, engine, front);
      } catch (RuntimeException e) {
        engine.close();
        throw e;
      }
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** What the server does now, as a line for its page. */
  private static String load(Engine engine, InferenceMetrics metrics) {
    return JSON.createObjectNode()
        .put("role", "inference")
        .put("kind", "load")
        .put("time", System.currentTimeMillis() / 1000.0)
        .put("streams", metrics.server().streams())
        .put("tokens", metrics.engine().generatedTokens())
        .put("version", engine.policyVersion())
        .toString();
  }

  private static EngineOptions options(FreshetConfig.Inference config) {
    Optional<DType> dtype =
        switch (config.dtype()) {
          case AUTO -> Optional.empty();
          case FLOAT32 -> Optional.of(DType.F32);
          case BFLOAT16 -> Optional.of(DType.BF16);
          case FLOAT16 -> Optional.of(DType.F16);
        };
    return new EngineOptions(
        config.modelName(),
        config.maxSequences(),
        config.maxModelLen(),
        config.maxWaiting(),
        config.prefillTokens(),
        config.threads(),
        dtype);
  }

  /** Its model's tokenizer, which it closes. */
  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The root of the data listener. */
  URI dataUrl() {
    return front.dataUrl();
  }

  /** The root of the admin listener. */
  URI adminUrl() {
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
