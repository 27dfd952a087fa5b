package dev.freshet.orchestrator;

import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.primerl.MicroBatchWriter;
import dev.freshet.rollouts.primerl.RankPacking;
import dev.freshet.rollouts.primerl.RankTransport;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Hands batches to trainers: every batch is written to the run directory, and goes to prime-rl's
 * trainer as well if there is one. Used by one thread; the owner closes it.
 */
final class TrainerBatches implements AutoCloseable {
  private final BatchStore store;
  private final RankPacking packing;
  private final Optional<RankTransport> primeRl;

  TrainerBatches(BatchStore store, PrimeRlConfig config) {
    this.store = store;
    this.packing = config.packing();
    this.primeRl = config.open();
  }

  /**
   * Hands over a batch. One that an earlier process of a resumed run wrote may be the trainer's
   * already, and stays as it is.
   *
   * @param over whether the run has ended, so that prime-rl's trainer is no longer waited for
   * @throws dev.freshet.rollouts.BatchException if it cannot be written, or prime-rl's trainer does
   *     not take it before its deadline
   */
  void write(TrainingBatch batch, BooleanSupplier over) throws InterruptedException {
    if (!store.exists(batch.step())) {
      store.write(batch);
    }
    if (primeRl.isPresent()) {
      primeRl.get().send(batch.step(), MicroBatchWriter.encode(batch, packing), over);
    }
  }

  @Override
  public void close() {
    primeRl.ifPresent(RankTransport::close);
  }
}
