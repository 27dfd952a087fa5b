package dev.freshet.http;

import dev.freshet.metrics.MetricsPage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.ThreadPriority;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code GET /metrics} in the format that the client accepts, with gzip if it accepts that.
 * Pages are made on a thread of its own, whose priority is below that of the event loops, so that
 * no event loop waits for a page.
 */
final class MetricsRoute implements AutoCloseable {
  static final String PATH = "/metrics";

  /** The most requests that wait while a page is made. */
  private static final int MAX_WAITING = 8;

  private static final Duration END = Duration.ofSeconds(2);
  private static final Logger LOG = LoggerFactory.getLogger(MetricsRoute.class);

  private final MetricsRegistry registry;
  private final ThreadPoolExecutor pages =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), MetricsRoute::thread);

  MetricsRoute(MetricsRegistry registry) {
    this.registry = registry;
  }

  private static Thread thread(Runnable work) {
    return Thread.ofPlatform()
        .name("freshet-metrics")
        .daemon()
        .unstarted(
            () -> {
              ThreadPriority.lower(ThreadPriority.COMPUTE);
              work.run();
            });
  }

  void handle(Request request, Exchange exchange) {
    request.require("GET");
    try {
      pages.execute(() -> answer(request, exchange));
    } catch (RejectedExecutionException e) {
      throw new ApiException(
          pages.isShutdown()
              ? ApiError.shuttingDown()
              : ApiError.unavailable(
                  "overloaded",
                  "%d requests for metrics wait already; retry later".formatted(MAX_WAITING)));
    }
  }

  private void answer(Request request, Exchange exchange) {
    try {
      MetricsPage page = registry.page(request.accept());
      boolean gzip = acceptsGzip(request.acceptEncoding());
      exchange.answer(
          200,
          gzip
              ? new Body(
                  page.contentType(), gzipped(page.body()), Map.of("content-encoding", "gzip"))
              : new Body(page.contentType(), page.body()));
    } catch (RuntimeException e) {
      exchange.answer(ApiError.of(e));
    }
  }

  /** Whether the header names gzip with a weight above 0. */
  private static boolean acceptsGzip(String header) {
    return Arrays.stream(header.toLowerCase(Locale.ROOT).split(",", -1))
        .map(coding -> coding.replace(" ", ""))
        .anyMatch(coding -> coding.matches("gzip(;q=(1(\\.0*)?|0\\.0*[1-9][0-9]*))?"));
  }

  private static byte[] gzipped(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 8);
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot compress a page in memory", e);
    }
    return out.toByteArray();
  }

  /** Answers the requests that wait and refuses new ones. */
  @Override
  public void close() {
    pages.shutdown();
    try {
      if (!pages.awaitTermination(END.toNanos(), TimeUnit.NANOSECONDS)) {
        LOG.warn("the metrics page did not finish within {} ms", END.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
