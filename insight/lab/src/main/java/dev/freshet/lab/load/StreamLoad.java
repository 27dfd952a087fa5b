package dev.freshet.lab.load;

import dev.freshet.http.Transport;
import dev.freshet.plots.LabException;
import dev.freshet.trace.ThreadPriority;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Streams of a {@link LoadShape}, each with a connection of a {@link FairPool} from its request to
 * its end: as little work as a client can have, so that the machine is left to the server. All live
 * on one event loop, which it owns; events are counted, never parsed. A stream that fails is
 * counted and, in a closed loop, replaced.
 *
 * <p>It is bounded: in a closed loop by the number of streams; in an open loop as many may wait for
 * a connection as may have one, and an arrival beyond is left out and counted as a failure.
 */
public final class StreamLoad implements AutoCloseable {
  /** How many streams may be between connecting and the answer's head. */
  private static final int OPENING = 256;

  private static final int CONNECT_MS = 20_000;
  private static final int RETRY_MS = 100;
  private static final int READING_MS = 5;
  private static final Duration CLOSE = Duration.ofSeconds(10);

  /**
   * What had come by {@code nanos} of the monotonic clock.
   *
   * @param events received, a token each unless the server falls behind
   * @param bytes on the wire, HTTP's framing included
   * @param streaming the streams whose answer had begun and not ended
   * @param begun the streams whose answer had begun, ended ones included
   * @param failed those that could not connect, were refused, broke or had no place
   * @param failure what the first of those was
   */
  public record Counts(
      long nanos,
      long events,
      long bytes,
      int streaming,
      long begun,
      long failed,
      Optional<String> failure) {}

  private final FairPool pool;
  private final LoadShape shape;
  private final int most;
  private final StreamRequests requests;
  private final RequestDraws draws;
  private final LoadTimeline timeline = new LoadTimeline();
  private final EventLoopGroup group = Transport.group("freshet-load", 1);
  private final EventLoop loop = group.next();
  private final Bootstrap bootstrap;
  private final ArrayDeque<LoadedStream> ready = new ArrayDeque<>();

  /** Those that have a connection and are not over, in the order in which they began to connect. */
  private final Set<LoadedStream> live = new LinkedHashSet<>();

  /** How many of a closed loop there are to be, and how many there are, waiting ones included. */
  private int wanted;

  private int there;
  private int opening;
  private int streaming;
  private long events;
  private long bytes;
  private long begun;
  private long failed;
  private Optional<String> failure = Optional.empty();
  private volatile Counts counts = new Counts(System.nanoTime(), 0, 0, 0, 0, 0, Optional.empty());
  private volatile boolean closing;

  /**
   * Begins to stream from the server.
   *
   * @param streams of a closed loop; of an open one the most at once
   */
  public StreamLoad(URI server, int streams, LoadShape shape, FairPool pool) {
    this.pool = pool;
    this.shape = shape;
    this.most = streams;
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

  /**
   * Begins to hold {@code streams} completions of {@code tokens} tokens, each on a connection that
   * nothing else asks for.
   */
  public static StreamLoad steady(URI server, int streams, int tokens) {
    return new StreamLoad(server, streams, LoadShape.steady(tokens), new FairPool(streams));
  }

  private void begin() {
    ThreadPriority.lower(ThreadPriority.STREAMS);
    var _ = loop.scheduleAtFixedRate(this::look, 0, READING_MS, TimeUnit.MILLISECONDS);
    if (shape.arrivalPerS().isPresent()) {
      arrive();
    } else {
      want(most);
    }
  }

  private void look() {
    counts = new Counts(System.nanoTime(), events, bytes, streaming, begun, failed, failure);
    timeline.add(new LoadTimeline.Reading(counts.nanos(), events, streaming));
  }

  /**
   * Has {@code streams} in a closed loop from {@code after} now on. If those are fewer than there
   * are then, the clients of the oldest leave, which is no failure.
   */
  public void aim(int streams, Duration after) {
    var _ = loop.schedule(() -> want(streams), after.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void want(int streams) {
    wanted = streams;
    while (there < wanted && !closing) {
      ask();
    }
    live.stream().limit(Math.max(0, there - wanted)).toList().forEach(LoadedStream::leave);
  }

  /** One more stream now, if it has a place, and the next in its time. */
  private void arrive() {
    if (closing) {
      return;
    }
    if (pool.waiting() < most) {
      ask();
    } else {
      failed(Optional.of("an arrival found %d waiting for a connection".formatted(most)));
    }
    var _ = loop.schedule(this::arrive, draws.nextArrivalNanos(), TimeUnit.NANOSECONDS);
  }

  private boolean isClosedLoop() {
    return shape.arrivalPerS().isEmpty();
  }

  /** A stream asks for a connection; it may be granted by another thread. */
  private void ask() {
    there++;
    RequestDraws.Drawn drawn = draws.next();
    var _ = pool.ask().thenAccept(lease -> loop.execute(() -> granted(lease, drawn)));
  }

  private void granted(FairPool.Lease lease, RequestDraws.Drawn drawn) {
    if (isClosedLoop() && there > wanted) {
      there--;
      lease.close();
      return;
    }
    LoadedStream stream = new LoadedStream(this, lease, drawn);
    ready.add(stream);
    live.add(stream);
    fill();
  }

  /** Opens what has a connection, as far as may be opening at once. */
  private void fill() {
    while (opening < OPENING && !ready.isEmpty() && !closing) {
      opening++;
      LoadedStream stream = ready.remove();
      stream.connect(
          bootstrap, requests.bytes(stream.drawn().promptTokens(), stream.drawn().tokens()));
    }
  }

  /** A stream's answer has begun. */
  void began() {
    opening--;
    streaming++;
    begun++;
    fill();
  }

  void received(int freshEvents, int freshBytes) {
    events += freshEvents;
    bytes += freshBytes;
  }

  /**
   * A stream is over and has given its connection back.
   *
   * @param hadBegun whether its answer had begun
   */
  void ended(LoadedStream stream, boolean hadBegun, Optional<String> trouble) {
    if (!live.remove(stream)) {
      return;
    }
    there--;
    if (hadBegun) {
      streaming--;
    } else if (!ready.remove(stream)) {
      opening--;
    }
    if (closing) {
      return;
    }
    failed(trouble);
    if (isClosedLoop() && there < wanted) {
      replace(Math.max(stream.drawn().thinkMs(), trouble.isPresent() ? RETRY_MS : 0));
    }
    fill();
  }

  private void replace(int pauseMs) {
    if (pauseMs == 0) {
      ask();
      return;
    }
    var _ =
        loop.schedule(
            () -> {
              if (there < wanted && !closing) {
                ask();
              }
            },
            pauseMs,
            TimeUnit.MILLISECONDS);
  }

  private void failed(Optional<String> trouble) {
    if (trouble.isPresent()) {
      failed++;
      failure = failure.or(() -> trouble);
    }
  }

  /** What came, every {@value #READING_MS} ms. */
  public LoadTimeline timeline() {
    return timeline;
  }

  /** What has come by the last reading. */
  public Counts counts() {
    return counts;
  }

  /** Waits until {@code count} streams have begun. */
  public void awaitBegun(int count, Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    for (Counts now = counts(); now.begun() < count; now = counts()) {
      if (System.nanoTime() - end > 0) {
        throw new LabException(
            "%d of %d streams began within %d s%s"
                .formatted(
                    now.begun(),
                    count,
                    atMost.toSeconds(),
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
