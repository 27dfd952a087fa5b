package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the journal of an earlier fleet says to one that starts with the same replicas, or some of
 * them: the weights to serve, and the transaction that was interrupted. A journal of other replicas
 * says nothing.
 *
 * @param current the weights that the replicas are to serve; empty if that is not known
 * @param unfinished the target of an interrupted transaction, which has ended once all serve again
 */
record JournalRecall(Optional<Target> current, Optional<Target> unfinished) {
  private static final Logger LOG = LoggerFactory.getLogger(JournalRecall.class);
  private static final JournalRecall NOTHING =
      new JournalRecall(Optional.empty(), Optional.empty());

  /**
   * Reads the journal, and asks every replica if a transaction was interrupted.
   *
   * @throws FleetException if the journal cannot be read, or a transaction must be undone and what
   *     was served before it is not known
   */
  static JournalRecall of(TransactionJournal journal, Replicas replicas, Parallel parallel)
      throws InterruptedException {
    TransactionJournal.State state = journal.state();
    List<String> urls = replicas.read(all -> all.stream().map(Replica::url).toList());
    if (Collections.disjoint(urls, state.servers())) {
      return NOTHING;
    }
    if (state.open().isEmpty()) {
      state
          .served()
          .ifPresent(t -> LOG.info("the fleet serves version {}, by its journal", t.version()));
      return new JournalRecall(state.served(), Optional.empty());
    }
    TransactionJournal.Open open = state.open().get();
    Target target = new Recovery(replicas, parallel).decide(open);
    if (target.equals(open.target()) && !open.committed()) {
      journal.committed(target);
    }
    return new JournalRecall(Optional.of(target), Optional.of(open.target()));
  }
}
