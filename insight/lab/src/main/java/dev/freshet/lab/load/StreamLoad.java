package dev.freshet.lab.load;

import dev.freshet.http.Transport;
import dev.freshet.lab.LabException;
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
 * Generates the streams of a {@link LoadShape}, each with a lease of a {@link FairPool} from its
 * request to its end. All run on one event loop, which it owns, and events are counted without
 * parsing, so that the load takes little of the machine from the server. A failed stream is counted
 * and, in a closed loop, replaced.
 *
 * <p>Bounded: a closed loop by the number of streams; in an open loop as many streams may wait for
 * a connection as may have one, and a further arrival is dropped and counted as a failure.
 */
public final class StreamLoad implements AutoCloseable {
  /** How long {@link #awaitBegun} waits. */
  public static final Duration BEGIN_DEADLINE = Duration.ofMinutes(2);

  /** Maximum number of streams between connecting and the head of the response. */
  private static final int MAX_CONNECTING = 256;

  private static final int CONNECT_MS = 20_000;
  private static final int RETRY_MS = 100;
  private static final int READING_MS = 5;
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

  /**
   * Totals at {@code nanos} of the monotonic clock.
   *
   * @param events received; one token each unless the server falls behind
   * @param bytes received, including HTTP framing
   * @param streaming streams whose response has begun and not ended
   * @param begun streams whose response has begun, including those that have ended
   * @param failed streams that could not connect, were refused, broke or were dropped
   * @param failure the error of the first of those
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
  private final int maxStreams;
  private final StreamRequests requests;
  private final RequestDraws draws;
  private final LoadTimeline timeline = new LoadTimeline();
  private final EventLoopGroup group = Transport.group("freshet-load", 1);
  private final EventLoop loop = group.next();
  private final Bootstrap bootstrap;
  private final ArrayDeque<LoadedStream> ready = new ArrayDeque<>();

  /** The streams that have a lease, in the order in which they got it. */
  private final Set<LoadedStream> live = new LinkedHashSet<>();

  /** The target number of streams of a closed loop. */
  private int target;

  /** The current number of streams, including those that wait for a lease. */
  private int current;

  private int connecting;
  private int streaming;
  private long events;
  private long bytes;
  private long begun;
  private long failed;
  private Optional<String> failure = Optional.empty();
  private volatile Counts counts = new Counts(System.nanoTime(), 0, 0, 0, 0, 0, Optional.empty());
  private volatile boolean closing;

  /**
   * Starts to stream from the server.
   *
   * @param streams the number of streams of a closed loop; the maximum of an open loop
   */
  public StreamLoad(URI server, int streams, LoadShape shape, FairPool pool) {
    this(server, StreamRoute.COMPLETIONS, streams, shape, pool);
  }

  private StreamLoad(URI server, StreamRoute route, int streams, LoadShape shape, FairPool pool) {
    this.pool = pool;
    this.shape = shape;
    this.maxStreams = streams;
    this.requests = StreamRequests.of(server, route);
    this.draws = new RequestDraws(shape);
    this.bootstrap =
        Transport.connecting(loop)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
            .remoteAddress(new InetSocketAddress(server.getHost(), server.getPort()));
    loop.execute(this::begin);
  }

  /**
   * Starts {@code streams} completions of {@code tokens} tokens in a closed loop, without
   * contention for connections.
   */
  public static StreamLoad steady(URI server, int streams, int tokens) {
    return steady(server, StreamRoute.COMPLETIONS, streams, tokens);
  }

  /** The same by another route. */
  public static StreamLoad steady(URI server, StreamRoute route, int streams, int tokens) {
    return new StreamLoad(server, route, streams, LoadShape.steady(tokens), new FairPool(streams));
  }

  private void begin() {
    ThreadPriority.lower(ThreadPriority.STREAMS);
    var _ = loop.scheduleAtFixedRate(this::sample, 0, READING_MS, TimeUnit.MILLISECONDS);
    if (shape.arrivalPerS().isPresent()) {
      arrive();
    } else {
      applyTarget(maxStreams);
    }
  }

  private void sample() {
    counts = new Counts(System.nanoTime(), events, bytes, streaming, begun, failed, failure);
    timeline.add(new LoadTimeline.Reading(counts.nanos(), events, streaming));
  }

  /**
   * Sets the number of streams of a closed loop to {@code streams}, {@code after} now. If there are
   * more by then, the oldest disconnect, which does not count as a failure.
   */
  public void setStreams(int streams, Duration after) {
    var _ = loop.schedule(() -> applyTarget(streams), after.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void applyTarget(int streams) {
    target = streams;
    while (current < target && !closing) {
      requestLease();
    }
    live.stream().limit(Math.max(0, current - target)).toList().forEach(LoadedStream::leave);
  }

  /** Starts one more stream of an open loop, if the queue has room, and schedules the next. */
  private void arrive() {
    if (closing) {
      return;
    }
    if (pool.waiting() < maxStreams) {
      requestLease();
    } else {
      failed(
          Optional.of("dropped: %d streams already wait for a connection".formatted(maxStreams)));
    }
    var _ = loop.schedule(this::arrive, draws.nextArrivalNanos(), TimeUnit.NANOSECONDS);
  }

  private boolean isClosedLoop() {
    return shape.arrivalPerS().isEmpty();
  }

  /** Requests a lease for one more stream; another thread may grant it. */
  private void requestLease() {
    current++;
    RequestDraws.Drawn drawn = draws.next();
    var _ = pool.request().thenAccept(lease -> loop.execute(() -> granted(lease, drawn)));
  }

  private void granted(FairPool.Lease lease, RequestDraws.Drawn drawn) {
    if (isClosedLoop() && current > target) {
      current--;
      lease.close();
      return;
    }
    LoadedStream stream = new LoadedStream(this, lease, drawn);
    ready.add(stream);
    live.add(stream);
    connectReady();
  }

  /** Connects the streams that have a lease, up to the limit of connecting ones. */
  private void connectReady() {
    while (connecting < MAX_CONNECTING && !ready.isEmpty() && !closing) {
      connecting++;
      LoadedStream stream = ready.remove();
      stream.connect(
          bootstrap, requests.bytes(stream.drawn().promptTokens(), stream.drawn().tokens()));
    }
  }

  /** A stream's response has begun. */
  void began() {
    connecting--;
    streaming++;
    begun++;
    connectReady();
  }

  void received(int freshEvents, int freshBytes) {
    events += freshEvents;
    bytes += freshBytes;
  }

  /**
   * A stream has ended and returned its lease.
   *
   * @param responseBegun whether its response had begun
   * @param error why it failed; empty if it did not
   */
  void ended(LoadedStream stream, boolean responseBegun, Optional<String> error) {
    if (!live.remove(stream)) {
      return;
    }
    current--;
    if (responseBegun) {
      streaming--;
    } else if (!ready.remove(stream)) {
      connecting--;
    }
    if (closing) {
      return;
    }
    failed(error);
    if (isClosedLoop() && current < target) {
      replace(Math.max(stream.drawn().thinkMs(), error.isPresent() ? RETRY_MS : 0));
    }
    connectReady();
  }

  private void replace(int pauseMs) {
    if (pauseMs == 0) {
      requestLease();
      return;
    }
    var _ =
        loop.schedule(
            () -> {
              if (current < target && !closing) {
                requestLease();
              }
            },
            pauseMs,
            TimeUnit.MILLISECONDS);
  }

  private void failed(Optional<String> error) {
    if (error.isPresent()) {
      failed++;
      failure = failure.or(() -> error);
    }
  }

  /** The totals over time, every {@value #READING_MS} ms. */
  public LoadTimeline timeline() {
    return timeline;
  }

  /** The totals at the last reading. */
  public Counts counts() {
    return counts;
  }

  /**
   * Waits until {@code count} streams have begun, for {@link #BEGIN_DEADLINE} at most.
   *
   * @throws LabException if fewer have begun by then
   */
  public void awaitBegun(int count) throws InterruptedException {
    long end = System.nanoTime() + BEGIN_DEADLINE.toNanos();
    for (Counts now = counts(); now.begun() < count; now = counts()) {
      if (System.nanoTime() - end > 0) {
        throw new LabException(
            "%d of %d streams began within %d s%s"
                .formatted(
                    now.begun(),
                    count,
                    BEGIN_DEADLINE.toSeconds(),
                    now.failure().map(first -> "; the first error: " + first).orElse("")));
      }
      Thread.sleep(READING_MS);
    }
  }

  @Override
  public void close() {
    closing = true;
    Transport.close(group, CLOSE_DEADLINE);
  }
}
