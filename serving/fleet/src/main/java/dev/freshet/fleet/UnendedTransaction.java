package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import java.util.Optional;

/**
 * The transaction of which the journal has no end, because it left a replica behind or a crash
 * interrupted it: it ends once every replica of the fleet serves again. Thread-safe.
 */
final class UnendedTransaction {
  private final Optional<TransactionJournal> journal;
  private final Parallel threads;
  private Optional<Target> target = Optional.empty();

  /**
   * @param threads write the end, so that no caller waits for the disk
   */
  UnendedTransaction(Optional<TransactionJournal> journal, Parallel threads) {
    this.journal = journal;
    this.threads = threads;
  }

  /** That transaction was interrupted, or has left a replica behind. */
  synchronized void is(Optional<Target> unended) {
    target = unended;
  }

  /** The transaction of {@code newest} is over, except for what the journal still has open. */
  void after(Target newest, Replicas replicas) {
    is(journal.filter(TransactionJournal::unended).map(_ -> newest));
    var _ =
        replicas.read(
            _ -> {
              changed(replicas);
              return replicas;
            });
  }

  /** A replica has changed. Called with the lock of the replicas held. */
  synchronized void changed(Replicas replicas) {
    if (target.isPresent() && replicas.allServe()) {
      Target ending = target.get();
      target = Optional.empty();
      var _ = threads.begin(() -> journal.orElseThrow().ended(ending));
    }
  }
}
