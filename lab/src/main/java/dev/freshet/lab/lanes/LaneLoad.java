package dev.freshet.lab.lanes;

import dev.freshet.client.Transport;
import dev.freshet.lab.LabException;
import dev.freshet.lab.StreamRequests;
import dev.freshet.trace.ThreadPriority;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Streams of a {@link LoadShape}, each with a connection of a {@link FairPool} from its request to
 * its end. All live on one event loop, which it owns; events are counted, never parsed. A stream
 * that fails is counted and, in a closed loop, replaced.
 *
 * <p>It is bounded: in a closed loop by the number of streams; in an open loop as many may wait for
 * a connection as may have one, and an arrival beyond is left out and counted as a failure.
 */
final class LaneLoad implements AutoCloseable {
  /** How many streams may be between connecting and the answer's head. */
  private static final int OPENING = 256;

  private static final int CONNECT_MS = 20_000;
  private static final int RETRY_MS = 100;
  private static final int READING_MS = 10;
  private static final Duration CLOSE = Duration.ofSeconds(10);

  /**
   * What has come so far.
   *
   * @param begun the streams whose answer has begun, ended ones included
   * @param failed those that could not connect, were refused, broke or had no place
   * @param failure what the first of those was
   */
  record Counts(long begun, long ended, long failed, Optional<String> failure) {}

  private final FairPool pool;
  private final LoadShape shape;
  private final int streams;
  private final StreamRequests requests;
  private final RequestDraws draws;
  private final LoadTimeline timeline = new LoadTimeline();
  private final EventLoopGroup group = Transport.group("freshet-lane-load", 1);
  private final EventLoop loop = group.next();
  private final Bootstrap bootstrap;
  private final ArrayDeque<LaneStream> ready = new ArrayDeque<>();

  private int opening;
  private int streaming;
  private long events;
  private long begun;
  private long ended;
  private long failed;
  private Optional<String> failure = Optional.empty();
  private volatile Counts counts = new Counts(0, 0, 0, Optional.empty());
  private volatile boolean closing;

  /**
   * Begins to stream from the server.
   *
   * @param streams of a closed loop, at least 1; of an open one the most at once
   */
  LaneLoad(URI server, int streams, LoadShape shape, FairPool pool) {
    this.pool = pool;
    this.shape = shape;
    this.streams = streams;
    this.requests = new StreamRequests(server);
    this.draws = new RequestDraws(shape);
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(Transport.socket())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
            .remoteAddress(new InetSocketAddress(server.getHost(), server.getPort()));
    loop.execute(this::begin);
  }

  private void begin() {
    ThreadPriority.lower(ThreadPriority.STREAMS);
    var _ = loop.scheduleAtFixedRate(this::look, 0, READING_MS, TimeUnit.MILLISECONDS);
    if (shape.arrivalPerS().isPresent()) {
      arrive();
    } else {
      for (int i = 0; i < streams; i++) {
        ask();
      }
    }
  }

  private void look() {
    timeline.add(new LoadTimeline.Reading(System.nanoTime(), events, streaming));
    counts = new Counts(begun, ended, failed, failure);
  }

  /** One more stream now, if it has a place, and the next in its time. */
  private void arrive() {
    if (closing) {
      return;
    }
    if (pool.waiting() < streams) {
      ask();
    } else {
      failed(Optional.of("an arrival found %d waiting for a connection".formatted(streams)));
    }
    var _ = loop.schedule(this::arrive, draws.nextArrivalNanos(), TimeUnit.NANOSECONDS);
  }

  /** A stream asks for a connection; it may be granted by another thread. */
  private void ask() {
    if (closing) {
      return;
    }
    RequestDraws.Drawn drawn = draws.next();
    var _ = pool.ask().thenAccept(lease -> loop.execute(() -> granted(lease, drawn)));
  }

  private void granted(FairPool.Lease lease, RequestDraws.Drawn drawn) {
    ready.add(new LaneStream(this, lease, drawn));
    fill();
  }

  /** Opens what has a connection, as far as may be opening at once. */
  private void fill() {
    while (opening < OPENING && !ready.isEmpty() && !closing) {
      opening++;
      LaneStream stream = ready.remove();
      var _ =
          stream
              .connect(
                  bootstrap, requests.bytes(stream.drawn().promptTokens(), stream.drawn().tokens()))
              .addListener(
                  connecting -> {
                    if (!connecting.isSuccess()) {
                      stream.ended(
                          false, Optional.of("cannot connect: " + connecting.cause().getMessage()));
                    }
                  });
    }
  }

  /** A stream's answer has begun. */
  void began() {
    opening--;
    streaming++;
    begun++;
    fill();
  }

  void received(int freshEvents) {
    events += freshEvents;
  }

  /** A stream is over and has given its connection back. */
  void ended(RequestDraws.Drawn drawn, boolean hadBegun, Optional<String> trouble) {
    if (hadBegun) {
      streaming--;
    } else {
      opening--;
    }
    if (closing) {
      return;
    }
    ended++;
    failed(trouble);
    int pauseMs = Math.max(drawn.thinkMs(), trouble.isPresent() ? RETRY_MS : 0);
    if (shape.arrivalPerS().isEmpty()) {
      if (pauseMs == 0) {
        ask();
      } else {
        var _ = loop.schedule(this::ask, pauseMs, TimeUnit.MILLISECONDS);
      }
    }
    fill();
  }

  private void failed(Optional<String> trouble) {
    if (trouble.isPresent()) {
      failed++;
      failure = failure.or(() -> trouble);
    }
  }

  /** What came, every {@value #READING_MS} ms. */
  LoadTimeline timeline() {
    return timeline;
  }

  /** What has come by the last reading. */
  Counts counts() {
    return counts;
  }

  /** Waits until {@code count} streams have begun. */
  void awaitBegun(int count, Duration most) throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    for (Counts now = counts(); now.begun() < count; now = counts()) {
      if (System.nanoTime() - end > 0) {
        throw new LabException(
            "%d of %d streams began within %d s%s"
                .formatted(
                    now.begun(),
                    count,
                    most.toSeconds(),
                    now.failure().map(first -> "; the first failure: " + first).orElse("")));
      }
      Thread.sleep(READING_MS);
    }
  }

  @Override
  public void close() {
    closing = true;
    Transport.close(group, CLOSE);
  }
}
