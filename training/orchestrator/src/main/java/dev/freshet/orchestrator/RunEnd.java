package dev.freshet.orchestrator;

import java.util.Optional;

/**
 * Whether a run ends before its last batch: because it is stopped, or for the first failure, such
 * as too many failed rollouts. Used under the ledger's lock.
 */
final class RunEnd {
  private final FailedShare failedShare;
  private boolean stopping;
  private Optional<OrchestratorException> failure = Optional.empty();

  RunEnd(EpisodeConfig episodes) {
    this.failedShare = new FailedShare(episodes.failedWindow(), episodes.maxFailedShare());
  }

  boolean isSet() {
    return stopping || failure.isPresent();
  }

  void stop() {
    stopping = true;
  }

  boolean stopping() {
    return stopping;
  }

  /** The run cannot continue, for {@code reason}. Only the first one is kept. */
  void fail(Throwable reason) {
    failure = failure.or(() -> Optional.of(OrchestratorException.of(reason)));
  }

  /** A rollout ended; too many failed ones end the run. */
  void rolloutEnded(RolloutResult result) {
    failedShare.ended(result).ifPresent(this::fail);
  }

  Optional<OrchestratorException> failure() {
    return failure;
  }
}
