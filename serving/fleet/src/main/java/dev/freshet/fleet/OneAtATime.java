package dev.freshet.fleet;

import dev.freshet.trace.TraceId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Carries out the orders of clients one at a time. An order that equals the one that runs joins it,
 * under whatever trace id, because a client that has timed out posts again; another order is a
 * conflict. An update that has succeeded is not carried out again under its trace id. Thread-safe.
 */
final class OneAtATime {
  /** How many succeeded updates are remembered. */
  private static final int MAX_REMEMBERED = 64;

  /**
   * @param what in words, for the error of another order
   * @param content what tells it from other orders
   */
  record Order(String what, Object content) {}

  private record Carried(Order order, CompletableFuture<?> result) {}

  private final Parallel threads;
  private final Map<TraceId, Carried> succeeded =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TraceId, Carried> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  private Optional<Carried> running = Optional.empty();

  /**
   * @param threads carry the orders out
   */
  OneAtATime(Parallel threads) {
    this.threads = threads;
  }

  /** Whether an order is being carried out. */
  synchronized boolean busy() {
    return running.isPresent();
  }

  /** Does {@code next} once no order is being carried out, at once if none is. */
  void afterwards(Runnable next) {
    Optional<Carried> now;
    synchronized (this) {
      now = running;
    }
    if (now.isPresent()) {
      var _ = now.get().result().whenComplete((_, _) -> next.run());
    } else {
      next.run();
    }
  }

  /**
   * Begins an order, or joins the same one.
   *
   * @param update the trace id under which an update is remembered; empty for other orders
   * @throws OrderException if another order is being carried out, or the trace id is that of
   *     another update
   */
  <T> CompletableFuture<T> submit(
      Order order, Optional<TraceId> update, Class<T> type, Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    synchronized (this) {
      Optional<Carried> same = running.or(() -> update.map(succeeded::get));
      if (same.isPresent() && same.get().order().equals(order)) {
        return same.get().result().thenApply(type::cast);
      }
      if (same.isPresent()) {
        throw new OrderException(
            OrderException.Kind.CONFLICT,
            running.isPresent()
                ? "%s: the fleet carries out the %s; post it again once that has ended"
                    .formatted(order.what(), same.get().order().what())
                : "%s: trace id %s belongs to the %s; use a new trace id"
                    .formatted(order.what(), update.orElseThrow(), same.get().order().what()));
      }
      running = Optional.of(new Carried(order, result));
    }
    if (!threads.begin(() -> carryOut(result, work))) {
      end();
      throw new OrderException(OrderException.Kind.INTERRUPTED, "the fleet is closed");
    }
    return result;
  }

  private <T> void carryOut(CompletableFuture<T> result, Supplier<T> work) {
    try {
      T done = work.get();
      end();
      result.complete(done);
    } catch (RuntimeException | Error e) {
      end();
      result.completeExceptionally(e);
    }
  }

  /** The update that runs has succeeded with {@code result}. */
  synchronized void remember(TraceId update, Object result) {
    running.ifPresent(
        carried ->
            succeeded.put(
                update, new Carried(carried.order(), CompletableFuture.completedFuture(result))));
  }

  private synchronized void end() {
    running = Optional.empty();
  }
}
