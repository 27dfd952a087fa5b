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
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code GET /metrics} in the format that the caller accepts, compressed if it accepts
 * that. Pages are made on a thread of its own, which goes after the admin lane and the streams: the
 * event loop that asks does not wait, nor does a weight update that is under way keep a page from
 * being made.
 */
final class MetricsRoute implements AutoCloseable {
  static final String PATH = "/metrics";

  /** How many callers may wait beside the one whose page is being made. */
  private static final int MAX_WAITING = 8;

  private static final Duration END = Duration.ofSeconds(2);
  private static final Logger LOG = LoggerFactory.getLogger(MetricsRoute.class);

  private final MetricsRegistry registry;
  private final ThreadPoolExecutor maker =
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
      maker.execute(() -> answer(request, exchange));
    } catch (RejectedExecutionException e) {
      throw new ApiException(
          maker.isShutdown()
              ? ApiError.shuttingDown()
              : ApiError.unavailable("overloaded", MAX_WAITING + " callers wait already"));
    }
  }

  private void answer(Request request, Exchange exchange) {
    try {
      MetricsPage page = registry.page(request.accept());
      boolean gzip = acceptsGzip(request.acceptEncoding());
      exchange.answer(
          200, new Body(page.contentType(), gzip, gzip ? gzipped(page.body()) : page.body()));
    } catch (RuntimeException e) {
      exchange.answer(ApiError.of(e));
    }
  }

  /** Whether the header names gzip, and not with the weight 0. */
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
      throw new UncheckedIOException("a page in memory", e);
    }
    return out.toByteArray();
  }

  /** Answers those that have asked, and no more. */
  @Override
  public void close() {
    maker.shutdown();
    try {
      if (!maker.awaitTermination(END.toNanos(), TimeUnit.NANOSECONDS)) {
        LOG.warn("a page of metrics is not made after {} ms", END.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
