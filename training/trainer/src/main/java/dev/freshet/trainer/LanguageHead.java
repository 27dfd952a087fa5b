package dev.freshet.trainer;

import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The language-model head and the softmax over the vocabulary, forward and backward in one pass
 * over chunks of positions. The logits of one chunk are freed before those of the next are made, so
 * the peak is two tensors of at most {@link #CHUNK_BYTES}, however many targets there are.
 *
 * <p>The gradient of the logits is written out instead of recorded: with the gradients g of the
 * target's logprob and m of the mean logprob it is {@code g·onehot(target) + m/vocabSize − (g +
 * m)·softmax}, divided by the temperature. Softmax and loss are computed in 32-bit floats.
 *
 * <p>An adapter beside the head adds its product to the logits, in 32-bit floats.
 *
 * <p>Logprobs are those of the distribution that a token was sampled from: the logits are divided
 * by the temperature before the softmax.
 */
final class LanguageHead {
  /** The most bytes of one chunk's logits in 32-bit floats, unless one position has more. */
  static final long CHUNK_BYTES = 64L << 20;

  private final Tensor weight;
  private final Optional<HeadAdapter> adapter;
  private final ScalarType type;
  private final long chunkRows;

  /**
   * @param weight {@code [vocabSize, hiddenSize]} in 32-bit floats; if it requires a gradient, its
   *     gradient, which it must have then, is added to
   * @param adapter computed beside the head
   * @param type the type in which the head is multiplied
   * @param chunkBytes the most bytes of one chunk's logits
   */
  LanguageHead(Tensor weight, Optional<HeadAdapter> adapter, ScalarType type, long chunkBytes) {
    this.weight = weight;
    this.adapter = adapter;
    this.type = type;
    this.chunkRows = Math.max(1, chunkBytes / (weight.size(0) * Float.BYTES));
  }

  /**
   * Computes the loss of all targets and adds its gradient to those of the head's weight and of its
   * adapter.
   *
   * @param hidden the hidden states that predict the targets, {@code [n, hiddenSize]}, without
   *     gradient
   * @param loss called once a chunk
   * @return the gradient of {@code hidden}
   */
  Tensor backward(Tensor hidden, Targets targets, TokenLoss loss) {
    Tensor gradient = torch.empty_like(hidden);
    Tensor factor = factor();
    Targets known =
        loss.wholeSequences()
            ? targets.withPolicy(targetLogprobs(hidden, factor, targets))
            : targets;
    for (long from = 0; from < targets.count(); from += chunkRows) {
      long rows = Math.min(chunkRows, targets.count() - from);
      try (PointerScope _ = new PointerScope()) {
        Tensor chunk = hidden.narrow(0, from, rows).to(type);
        Tensor whole = logitsGradient(chunk, factor, known.range(from, rows), loss);
        Tensor logits = whole.to(type);
        Tensor part = gradient.narrow(0, from, rows);
        part.copy_(logits.mm(factor));
        adapter.ifPresent(beside -> part.add_(beside.backward(chunk, whole)));
        if (weight.requires_grad()) {
          addToWeight(logits.t(), chunk);
        }
      }
    }
    return gradient;
  }

  /**
   * The logprobs of the targets, {@code [n]}, without gradient.
   *
   * @param hidden the hidden states that predict them, {@code [n, hiddenSize]}
   */
  Tensor logprobs(Tensor hidden, Targets targets) {
    return targetLogprobs(hidden, factor(), targets);
  }

  private Tensor targetLogprobs(Tensor hidden, Tensor factor, Targets targets) {
    try (NoGradGuard _ = new NoGradGuard()) {
      Tensor logprobs = torch.empty_like(targets.behaviour());
      for (long from = 0; from < targets.count(); from += chunkRows) {
        long rows = Math.min(chunkRows, targets.count() - from);
        try (PointerScope _ = new PointerScope()) {
          Targets part = targets.range(from, rows);
          Tensor all = logprobs(hidden.narrow(0, from, rows).to(type), factor, part);
          logprobs
              .narrow(0, from, rows)
              .copy_(all.gather(1, part.tokens().unsqueeze(1)).squeeze(1));
        }
      }
      return logprobs;
    }
  }

  /** The weight in the type of the product. */
  private Tensor factor() {
    try (NoGradGuard _ = new NoGradGuard()) {
      return weight.detach().to(type);
    }
  }

  private Tensor logitsGradient(Tensor hidden, Tensor factor, Targets targets, TokenLoss loss) {
    Tensor index = targets.tokens().unsqueeze(1);
    Tensor softmax;
    TokenLoss.Scores scores;
    try (Tensor logprobs = logprobs(hidden, factor, targets)) {
      softmax = logprobs.exp();
      Tensor entropies =
          softmax.unsqueeze(1).bmm(logprobs.unsqueeze(2)).neg_().view(targets.count());
      scores =
          new TokenLoss.Scores(
              logprobs.gather(1, index).squeeze(1).set_requires_grad(true),
              logprobs.mean(1).set_requires_grad(true),
              entropies);
    }
    loss.of(targets, scores).backward();
    Tensor target = gradientOf(scores.logprobs());
    Tensor mean = gradientOf(scores.means());
    Tensor gradient =
        softmax
            .mul_(target.add(mean).neg_())
            .add_(mean.div(new Scalar((double) softmax.size(1))))
            .scatter_add_(1, index, target);
    targets.temperatures().ifPresent(t -> gradient.div_(t.unsqueeze(1)));
    return gradient;
  }

  /** The logprobs of the whole vocabulary, {@code [n, vocabSize]}. */
  private Tensor logprobs(Tensor hidden, Tensor factor, Targets targets) {
    try (Tensor product = torch.linear(hidden, factor);
        Tensor logits = product.to(ScalarType.Float)) {
      adapter.ifPresent(beside -> beside.addTo(logits, hidden));
      targets.temperatures().ifPresent(t -> logits.div_(t.unsqueeze(1)));
      return torch.log_softmax(logits, 1);
    }
  }

  /** The gradient of a score as a column, 0 if the loss does not depend on it. */
  private static Tensor gradientOf(Tensor score) {
    Tensor gradient = score.grad();
    return (gradient.defined() ? gradient : torch.zeros_like(score)).unsqueeze(1);
  }

  private void addToWeight(Tensor logits, Tensor hidden) {
    try (NoGradGuard _ = new NoGradGuard()) {
      if (type == ScalarType.Float) {
        weight.grad().addmm_(logits, hidden);
      } else {
        weight.grad().add_(logits.mm(hidden));
      }
    }
  }
}
