package dev.freshet.trace.spans;

import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.logging.Level;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends spans to a collector by OTLP over HTTP, in batches, on its own thread. Accepting a span
 * never blocks: if {@link #MAX_QUEUED} are queued, or the collector does not accept a batch, spans
 * are dropped and counted. Closing sends the queued spans, within {@link #CLOSE}. Thread-safe.
 */
public final class SpanExport implements Consumer<Span>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SpanExport.class);

  /** Silenced: it logs every failed batch with a stack trace, where this class logs once. */
  private static final java.util.logging.Logger LIBRARY =
      java.util.logging.Logger.getLogger("io.opentelemetry");

  private static final int MAX_QUEUED = 4096;
  private static final int MAX_BATCH = 512;
  private static final Duration LINGER = Duration.ofMillis(500);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration CLOSE = Duration.ofSeconds(6);

  private final BlockingQueue<Span> waiting = new ArrayBlockingQueue<>(MAX_QUEUED);
  private final AtomicLong dropped = new AtomicLong();
  private final OtlpHttpSpanExporter exporter;
  private final Thread thread;
  private volatile boolean closed;
  private boolean failing;

  /**
   * @param endpoint the collector's URL, such as {@code http://127.0.0.1:4318}; {@code /v1/traces}
   *     is added to a URL without a path
   */
  public SpanExport(URI endpoint) {
    LIBRARY.setLevel(Level.OFF);
    String path = endpoint.getPath();
    String url =
        path == null || path.isEmpty() || path.equals("/")
            ? endpoint.resolve("/v1/traces").toString()
            : endpoint.toString();
    this.exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(url)
            .setTimeout(TIMEOUT)
            .setConnectTimeout(TIMEOUT)
            .setRetryPolicy(null)
            .build();
    this.thread = Thread.ofPlatform().name("freshet-spans").daemon().start(this::send);
  }

  /** Queues a span, or drops it. */
  @Override
  public void accept(Span span) {
    if (closed || !waiting.offer(span)) {
      dropped.incrementAndGet();
    }
  }

  /** The number of spans that the collector did not receive. */
  public long dropped() {
    return dropped.get();
  }

  private void send() {
    List<SpanData> batch = new ArrayList<>();
    try {
      while (!closed || !waiting.isEmpty()) {
        Span first = waiting.poll(LINGER.toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(new OtlpSpan(first));
          List<Span> more = new ArrayList<>();
          waiting.drainTo(more, MAX_BATCH - 1);
          more.forEach(span -> batch.add(new OtlpSpan(span)));
          send(batch);
          batch.clear();
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("the export of spans was ended");
    } finally {
      dropped.addAndGet(batch.size() + waiting.size());
    }
  }

  private void send(List<SpanData> batch) {
    boolean sent = false;
    try {
      sent =
          exporter
              .export(List.copyOf(batch))
              .join(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
              .isSuccess();
      if (!sent && !failing) {
        LOG.warn("the span collector does not accept spans; they are dropped until it does");
      }
    } catch (RuntimeException | Error e) {
      if (!failing) {
        LOG.warn("spans cannot be exported; they are dropped until they can", e);
      }
    }
    if (!sent) {
      dropped.addAndGet(batch.size());
    }
    failing = !sent;
  }

  @Override
  public void close() {
    closed = true;
    try {
      if (!thread.join(CLOSE)) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      thread.interrupt();
    }
    exporter.shutdown().join(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    if (dropped() > 0) {
      LOG.warn("{} spans were dropped", dropped());
    }
  }
}
