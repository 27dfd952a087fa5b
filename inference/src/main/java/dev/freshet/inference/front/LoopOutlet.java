package dev.freshet.inference.front;

import dev.freshet.inference.Engine;
import dev.freshet.inference.Outlet;
import dev.freshet.inference.TokenEvent;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The completions of one event loop. What the engine delivers in a step becomes one task of the
 * loop, which writes every stream's part and flushes every connection once. The state is the
 * loop's; completions are submitted on it, so that no event can come before its stream is known.
 */
final class LoopOutlet implements Outlet {
  private static final Logger LOG = LoggerFactory.getLogger(LoopOutlet.class);

  private final EventLoop loop;
  private final IdentityHashMap<Engine.Generation, CompletionStream> streams =
      new IdentityHashMap<>();

  LoopOutlet(EventLoop loop) {
    this.loop = loop;
  }

  /** Routes the generation's events to {@code stream} from now on. */
  void add(Engine.Generation generation, CompletionStream stream) {
    streams.put(generation, stream);
  }

  /** Forgets a generation that will have no more events. */
  void remove(Engine.Generation generation) {
    streams.remove(generation);
  }

  @Override
  public void deliver(List<TokenEvent> events) {
    try {
      loop.execute(() -> dispatch(events));
    } catch (RejectedExecutionException e) {
      LOG.debug("{} events for a loop that has ended with its connections", events.size());
    }
  }

  private void dispatch(List<TokenEvent> events) {
    List<CompletionStream> touched = new ArrayList<>(events.size());
    for (TokenEvent event : events) {
      CompletionStream stream = streams.get(event.generation());
      if (stream != null) {
        guarded(stream, () -> stream.take(event));
        touched.add(stream);
        if (event.finish().isPresent()) {
          streams.remove(event.generation());
        }
      }
    }
    touched.forEach(stream -> guarded(stream, stream::send));
  }

  /** One stream's trouble is not its neighbours'. */
  private static void guarded(CompletionStream stream, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      LOG.error("a stream failed unexpectedly", e);
      stream.fail();
    }
  }

  /** Ends every completion with finish reason abort. On the loop. */
  void abortAll() {
    List<CompletionStream> running = new ArrayList<>(streams.values());
    streams.clear();
    running.forEach(stream -> guarded(stream, stream::abort));
  }
}
