package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.StreamingClient;
import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.engine.Fixture;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server on real sockets for an engine with a small real model, and clients of it. */
final class ModelServer implements AutoCloseable {
  final List<String> log = new CopyOnWriteArrayList<>();
  final Tokenizer tokenizer = Tokenizer.load(LLAMA);
  final StreamingClient client = new StreamingClient();
  final EngineServer server;
  final AdminClient admin;
  private final EmbeddedEngine engine;

  ModelServer() {
    this(MessageFormat.PLAIN);
  }

  /**
   * @param format how the model is expected to write its messages
   */
  ModelServer(MessageFormat format) {
    EventLog events = new EventLog(log::add, MonotonicClock.SYSTEM);
    InferenceMetrics metrics =
        InferenceMetrics.in(MetricsRegistry.withJvm(), MonotonicClock.SYSTEM);
    engine = Fixture.engine(LLAMA, 4, 64, metrics.engine());
    server =
        EngineServer.start(
            engine,
            tokenizer,
            ServedModel.of(LLAMA, engine, tokenizer, format),
            events,
            metrics,
            ServerConfig.on("127.0.0.1", 0, 0));
    admin = new AdminClient(server.adminUrl(), AdminDeadlines.DEFAULT, events);
  }

  @Override
  public void close() {
    admin.close();
    client.close();
    server.close();
    engine.close();
    tokenizer.close();
  }
}
