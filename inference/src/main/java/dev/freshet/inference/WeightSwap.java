package dev.freshet.inference;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Hands a prepared model to the decode loop, which puts it in place of the one it has between two
 * steps. Exactly one of two things happens to an offered model: it is swapped in, or it is
 * withdrawn.
 */
final class WeightSwap {
  /**
   * What the loop gives back: the model it no longer reads, and how long it was held to exchange
   * the two.
   */
  record Swapped(VersionedModel replaced, long startNanos, long doneNanos) {}

  private record Offer(VersionedModel model, CompletableFuture<Swapped> outcome) {}

  private final AtomicReference<Offer> pending = new AtomicReference<>();
  private volatile boolean refusing;

  /** Whether a model waits to be taken. */
  boolean isPending() {
    return pending.get() != null;
  }

  /**
   * Offers a model and waits until the loop has taken it. One caller at a time.
   *
   * @throws EngineException if the loop did not take it within {@code deadline}, or has ended; it
   *     then never will
   */
  Swapped offer(VersionedModel model, Duration deadline, Runnable wake) {
    Offer offer = new Offer(model, new CompletableFuture<>());
    pending.set(offer);
    if (refusing) {
      refuse();
    }
    wake.run();
    try {
      return offer.outcome().get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      if (pending.compareAndSet(offer, null)) {
        throw new EngineException(
            EngineException.Kind.INTERNAL,
            "version %d was not swapped in: no decode step ended within %d ms"
                .formatted(model.version(), deadline.toMillis()),
            e);
      }
      return offer.outcome().join(); // The loop has taken it and is about to complete it.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (pending.compareAndSet(offer, null)) {
        throw new EngineException(
            EngineException.Kind.INTERNAL, "interrupted while waiting for a decode step to end", e);
      }
      return offer.outcome().join();
    } catch (ExecutionException e) {
      throw new EngineException(EngineException.Kind.OVERLOADED, "the engine is shutting down", e);
    }
  }

  /**
   * Called by the loop between two steps: hands it the offered model, if there is one, to take
   * {@code current}'s place. When the one who offered it hears of that, it is in place.
   */
  void take(VersionedModel current, LongSupplier clock, Consumer<VersionedModel> place) {
    long start = clock.getAsLong();
    Offer offer = pending.getAndSet(null);
    if (offer != null) {
      place.accept(offer.model());
      offer.outcome().complete(new Swapped(current, start, clock.getAsLong()));
    }
  }

  /** Called by the loop when it ends: nobody will take an offered model any more. */
  void refuse() {
    refusing = true;
    Offer offer = pending.getAndSet(null);
    if (offer != null) {
      offer.outcome().completeExceptionally(new IllegalStateException("engine closed"));
    }
  }
}
