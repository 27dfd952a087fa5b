package dev.freshet.trainer;

import dev.freshet.trainer.algorithm.LossMean;
import dev.freshet.trainer.algorithm.PolicyLoss;
import dev.freshet.trainer.algorithm.PolicyTokens;
import dev.freshet.trainer.algorithm.ReferenceKl;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The objective over a worker's share of a batch, whose measurements it adds to {@code sums}.
 *
 * @param batch the numbers of the whole batch
 */
record ObjectiveLoss(Objective objective, LossMean.BatchSize batch, long step, StepSums sums)
    implements TokenLoss {
  @Override
  public Tensor of(Targets targets, Scores scores) {
    PolicyLoss.Terms terms =
        objective
            .loss()
            .of(
                new PolicyTokens(
                    scores.logprobs(),
                    targets.behaviour(),
                    targets.advantages(),
                    targets.sequences().tokens(),
                    targets.sequences().logRatios()));
    Optional<Tensor> kl =
        targets.reference().map(reference -> ReferenceKl.k3(scores.logprobs(), reference));
    Tensor losses =
        kl.map(k3 -> terms.loss().add(k3.mul(new Scalar(objective.klCoefficient()))))
            .orElse(terms.loss());
    Tensor total = objective.loss().mean().of(losses, targets.sequences().tokens(), batch);
    sums.add(total, terms.cut(), kl, targets, scores);
    if (!Double.isFinite(sums.loss())) {
      throw new TrainerException(
          "step %d: the loss is %s: expected a finite number".formatted(step, sums.loss()));
    }
    return total;
  }

  @Override
  public boolean wholeSequences() {
    return objective.loss().wholeSequences();
  }
}
