package dev.freshet.http;

import dev.freshet.trace.LiveFeed;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a {@link LivePage} and its event stream. A watcher gets one event at a time, whenever its
 * connection is writable, so the event loop serves others in between. Nothing is buffered for a
 * slow watcher: it continues after the last event it was sent. The number of watchers is bounded,
 * so that they leave connections for other requests.
 */
final class LiveRoute implements AutoCloseable {
  static final String PAGE = "/";
  static final String EVENTS = "/events";

  private static final Logger LOG = LoggerFactory.getLogger(LiveRoute.class);

  private final LivePage page;
  private final int maxWatchers;
  private final Set<Watching> open = ConcurrentHashMap.newKeySet();

  LiveRoute(LivePage page, int maxWatchers) {
    this.page = page;
    this.maxWatchers = maxWatchers;
  }

  void page(Request request, Exchange exchange) {
    request.require("GET");
    exchange.answer(200, new Body("text/html; charset=utf-8", page.html()));
  }

  void events(Request request, Exchange exchange) {
    request.require("GET");
    if (request.method().equals("HEAD")) {
      exchange.answerEventsHead();
      return;
    }
    if (open.size() >= maxWatchers) {
      throw new ApiException(
          ApiError.unavailable(
              "too_many_watchers",
              "%d clients watch the events already; close a page or retry later"
                  .formatted(maxWatchers)));
    }
    Watching watching = new Watching(exchange, page.feed().number(request.lastEventId()));
    open.add(watching);
    watching.begin();
  }

  /** One watcher's stream. Confined to the connection's event loop, except {@code wake}. */
  private final class Watching implements Exchange.Watcher {
    private final Exchange exchange;
    private final Runnable wake = this::wake;
    private final AtomicBoolean awake = new AtomicBoolean();
    private long last;
    private boolean ended;

    Watching(Exchange exchange, long last) {
      this.exchange = exchange;
      this.last = last;
    }

    void begin() {
      exchange.watch(this);
      exchange.beginEvents();
      page.feed().watch(wake);
      send();
    }

    private void wake() {
      if (awake.compareAndSet(false, true)) {
        later(this::send);
      }
    }

    private void later(Runnable task) {
      try {
        exchange.loop().execute(task);
      } catch (RejectedExecutionException e) {
        LOG.debug("dropped an event: its event loop has ended with its connections");
      }
    }

    private void send() {
      awake.set(false);
      if (ended || !exchange.isWritable()) {
        return;
      }
      Optional<LiveFeed.Event> next = page.feed().after(last);
      if (next.isPresent()) {
        last = next.get().number();
        exchange.writeChunk(next.get().frame());
        exchange.flush();
        wake();
      }
    }

    @Override
    public void writable() {
      wake();
    }

    @Override
    public void disconnected() {
      ended = true;
      page.feed().forget(wake);
      open.remove(this);
    }

    void end() {
      if (!ended) {
        disconnected();
        exchange.endEvents();
      }
    }
  }

  /** Ends all streams. */
  @Override
  public void close() {
    open.forEach(watching -> watching.later(watching::end));
  }
}
