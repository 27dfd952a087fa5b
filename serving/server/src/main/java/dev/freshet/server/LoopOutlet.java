package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.Outlet;
import dev.freshet.engine.TokenEvent;
import dev.freshet.http.ApiError;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.JsonBuffer;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The completions of one event loop. The tokens of an engine step become one task of the loop,
 * which writes the part of every stream and flushes every connection once. A loop that falls behind
 * finds several steps in the queue and sends a stream's part of all of them together, so that it
 * catches up. The state is confined to the loop. Completions are submitted on the loop, so a stream
 * is known before its first event.
 */
final class LoopOutlet implements Outlet {
  private static final Logger LOG = LoggerFactory.getLogger(LoopOutlet.class);

  /** The error of an answer that the engine did not end as it should. */
  static final ApiError ENGINE_FAILED = ApiError.internal("the engine failed while generating");

  /** Sends what its choices took. */
  interface Stream {
    /** Whether the id of its request or of its answer is among {@code ids}. */
    boolean isAmong(Set<String> ids);

    /** Records that {@link #send} is due; returns whether it was not before. */
    boolean touch();

    /** Sends what is pending, if the connection is writable. */
    void send();

    /** Ends all choices with {@code error} and sends it. */
    void fail(ApiError error);
  }

  /** Takes the events of one generation. */
  interface Choice {
    void take(TokenEvent event);

    /** Ends it with the tokens so far. */
    void abort();
  }

  /** Where the events of a generation go: a choice, and the stream that sends it. */
  private record Route(Stream stream, Choice choice) {}

  private final EventLoop loop;
  private final HeldBytes held;
  private final JsonBuffer json = new JsonBuffer();
  private final IdentityHashMap<Engine.Generation, Route> routes = new IdentityHashMap<>();
  private final List<Stream> touched = new ArrayList<>();

  /** Steps that the loop has not dispatched yet. */
  private final Queue<List<TokenEvent>> steps = new ConcurrentLinkedQueue<>();

  /** Whether the task that dispatches them is posted. */
  private final AtomicBoolean posted = new AtomicBoolean();

  private final Runnable dispatch = this::dispatch;

  LoopOutlet(EventLoop loop, HeldBytes held) {
    this.loop = loop;
    this.held = held;
  }

  /** The bytes that the loop's streams hold. */
  HeldBytes held() {
    return held;
  }

  /** The buffer in which the loop's streams write an event, one at a time. */
  JsonBuffer json() {
    return json;
  }

  /** Routes the generation's events to a choice of {@code stream} from now on. */
  void add(Engine.Generation generation, Stream stream, Choice choice) {
    routes.put(generation, new Route(stream, choice));
  }

  /** Removes a generation that has no more events. */
  void remove(Engine.Generation generation) {
    routes.remove(generation);
  }

  @Override
  public void deliver(List<TokenEvent> events) {
    steps.add(events);
    if (posted.getAndSet(true)) {
      return;
    }
    try {
      loop.execute(dispatch);
    } catch (RejectedExecutionException e) {
      LOG.debug(
          "dropped {} events: their event loop has ended with its connections", events.size());
    }
  }

  private void dispatch() {
    posted.set(false); // First, so that a step delivered from now on posts a new task.
    for (List<TokenEvent> step = steps.poll(); step != null; step = steps.poll()) {
      for (TokenEvent event : step) {
        take(event);
      }
    }
    for (Stream stream : touched) {
      send(stream);
    }
    touched.clear();
  }

  private void take(TokenEvent event) {
    Route route = routes.get(event.generation());
    if (route == null) {
      return;
    }
    if (event.finish().isPresent()) {
      routes.remove(event.generation());
    }
    try {
      route.choice().take(event);
    } catch (RuntimeException | Error e) {
      fail(route.stream(), e);
    }
    if (route.stream().touch()) {
      touched.add(route.stream());
    }
  }

  private static void send(Stream stream) {
    try {
      stream.send();
    } catch (RuntimeException | Error e) {
      fail(stream, e);
    }
  }

  /** Ends one stream with an error, so that the others are not affected. */
  private static void fail(Stream stream, Throwable e) {
    LOG.error("a stream failed unexpectedly", e);
    stream.fail(ENGINE_FAILED);
  }

  /** Ends all completions with {@code error}; returns of how many requests. On the loop. */
  int fail(ApiError error) {
    List<Stream> ending = routes.values().stream().map(Route::stream).distinct().toList();
    ending.forEach(stream -> stream.fail(error));
    return ending.size();
  }

  /**
   * Ends the completions of the matching streams with finish reason abort; returns how many. On the
   * loop.
   */
  int abort(Predicate<Stream> which) {
    List<Route> ending =
        routes.values().stream().filter(route -> which.test(route.stream())).toList();
    ending.forEach(route -> route.choice().abort());
    ending.stream().map(Route::stream).distinct().forEach(LoopOutlet::send);
    return ending.size();
  }
}
