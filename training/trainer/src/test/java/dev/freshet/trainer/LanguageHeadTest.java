package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.LoraAdapter;
import dev.freshet.model.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The head in chunks against autograd over all logits at once. */
class LanguageHeadTest {
  private static final int VOCABULARY = 300;
  private static final int HIDDEN = 16;
  private static final int TARGETS = 37;
  private static final int RANK = 3;
  private static final double SCALE = 1.5;
  private static final long ROW_BYTES = VOCABULARY * 4L;

  /** Depends on every score, differently for every token. */
  private static final TokenLoss LOSS =
      (targets, scores) ->
          scores
              .logprobs()
              .sub(targets.behaviour())
              .exp()
              .mul(targets.advantages())
              .sum()
              .sub(scores.means().mul(targets.advantages()).sum().mul(new Scalar(0.3)));

  private final List<Float> losses = new ArrayList<>();
  private final List<Float> entropies = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, ROW_BYTES, 5 * ROW_BYTES, 36 * ROW_BYTES, 37 * ROW_BYTES, 1 << 20})
  void anyChunkSizeGivesTheLossGradientsAndEntropiesOfAllLogitsAtOnce(long chunkBytes) {
    try (PointerScope _ = new PointerScope()) {
      Tensor hidden = random(TARGETS, HIDDEN).set_requires_grad(true);
      Tensor weight = random(VOCABULARY, HIDDEN).set_requires_grad(true);
      Targets targets = targets();
      Tensor logprobs = torch.log_softmax(torch.linear(hidden, weight), 1);
      Tensor whole =
          LOSS.of(
              targets,
              new TokenLoss.Scores(
                  logprobs.gather(1, targets.tokens().unsqueeze(1)).squeeze(1),
                  logprobs.mean(1),
                  logprobs.detach()));
      whole.backward();

      Tensor own = trained(weight);
      Tensor gradient =
          new LanguageHead(own, Optional.empty(), ScalarType.Float, chunkBytes)
              .backward(hidden.detach(), targets, this::recorded);

      long rows = Math.clamp(chunkBytes / ROW_BYTES, 1, TARGETS);
      assertThat(losses).hasSize(Math.toIntExact(Math.ceilDiv(TARGETS, rows)));
      assertThat(losses.stream().mapToDouble(Float::doubleValue).sum())
          .isCloseTo(whole.item_double(), within(1e-4));
      assertClose(gradient, hidden.grad(), 1e-5);
      assertClose(own.grad(), weight.grad(), 1e-5);
      float[] expected =
          Torch.toFloats(logprobs.detach().exp().mul(logprobs.detach()).sum(1).neg());
      for (int i = 0; i < TARGETS; i++) {
        assertThat(entropies.get(i)).isCloseTo(expected[i], within(1e-4f));
      }
    }
  }

  @Test
  void theGradientOfTheWeightIsAddedToTheOneItHas() {
    try (PointerScope _ = new PointerScope()) {
      Tensor hidden = random(TARGETS, HIDDEN);
      Tensor weight = trained(random(VOCABULARY, HIDDEN));
      LanguageHead head =
          new LanguageHead(weight, Optional.empty(), ScalarType.Float, 5 * ROW_BYTES);
      Targets targets = targets();

      head.backward(hidden, targets, LOSS);
      Tensor once = weight.grad().clone();
      head.backward(hidden, targets, LOSS);
      // Another part of the model that shares the weight.
      weight.backward(once, new BoolOptional(), false, new TensorArrayRefOptional());

      assertClose(weight.grad(), once.mul(new Scalar(3.0)), 1e-5);
    }
  }

  @Test
  void inBfloat16TheGradientsAre32BitFloatsCloseToThoseOf32Bits() {
    try (PointerScope _ = new PointerScope()) {
      Tensor hidden = random(TARGETS, HIDDEN);
      Tensor weight = trained(random(VOCABULARY, HIDDEN));
      Tensor rounded = trained(weight);
      Targets targets = targets();

      Tensor exact =
          new LanguageHead(weight, Optional.empty(), ScalarType.Float, 5 * ROW_BYTES)
              .backward(hidden, targets, LOSS);
      Tensor close =
          new LanguageHead(rounded, Optional.empty(), ScalarType.BFloat16, 5 * ROW_BYTES)
              .backward(hidden, targets, LOSS);

      assertThat(close.scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertThat(rounded.grad().scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertThat(distance(close, exact)).isBetween(1e-5, 0.03);
      assertThat(distance(rounded.grad(), weight.grad())).isBetween(1e-5, 0.03);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 5 * ROW_BYTES, 1 << 20})
  void anAdapterBesideTheHeadGetsTheGradientsOfAllLogitsAtOnceAndTheHeadNone(long chunkBytes) {
    try (PointerScope _ = new PointerScope()) {
      Tensor hidden = random(TARGETS, HIDDEN).set_requires_grad(true);
      Tensor weight = random(VOCABULARY, HIDDEN);
      Tensor a = random(RANK, HIDDEN).set_requires_grad(true);
      Tensor b = random(VOCABULARY, RANK).set_requires_grad(true);
      Targets targets = targets();
      Tensor product = torch.linear(torch.linear(hidden, a), b).mul(new Scalar(SCALE));
      Tensor logprobs = torch.log_softmax(torch.linear(hidden, weight).add(product), 1);
      Tensor right = logprobs.gather(1, targets.tokens().unsqueeze(1)).squeeze(1);
      LOSS.of(targets, new TokenLoss.Scores(right, logprobs.mean(1), logprobs.detach())).backward();

      Tensor ownA = trained(a);
      Tensor ownB = trained(b);
      LanguageHead head =
          new LanguageHead(
              weight,
              Optional.of(new HeadAdapter(new LoraAdapter.Factors(ownA, ownB, SCALE))),
              ScalarType.Float,
              chunkBytes);
      Tensor gradient = head.backward(hidden.detach(), targets, LOSS);

      assertClose(gradient, hidden.grad(), 1e-5);
      assertClose(ownA.grad(), a.grad(), 1e-5);
      assertClose(ownB.grad(), b.grad(), 1e-5);
      assertClose(head.logprobs(hidden.detach(), targets), right.detach(), 1e-5);
      assertThat(weight.grad().defined()).isFalse();
    }
  }

  /** A copy with a gradient of zero. */
  private static Tensor trained(Tensor weight) {
    Tensor copy = weight.detach().clone().set_requires_grad(true);
    copy.mutable_grad().put(torch.zeros_like(weight));
    return copy;
  }

  private Tensor recorded(Targets targets, TokenLoss.Scores scores) {
    Tensor loss = LOSS.of(targets, scores);
    losses.add((float) loss.item_double());
    for (float entropy : Torch.toFloats(scores.entropies())) {
      entropies.add(entropy);
    }
    return loss;
  }

  private static Targets targets() {
    long[] tokens = new long[TARGETS];
    float[] behaviour = new float[TARGETS];
    float[] advantages = new float[TARGETS];
    for (int i = 0; i < TARGETS; i++) {
      tokens[i] = i * 101L % VOCABULARY;
      behaviour[i] = -5 - i % 3;
      advantages[i] = i % 5 - 1.5f;
    }
    return new Targets(
        Torch.longs(tokens, TARGETS),
        Torch.floats(behaviour, TARGETS),
        Torch.floats(advantages, TARGETS),
        Torch.longs(new long[TARGETS], TARGETS),
        Optional.empty(),
        new Targets.Sequences(
            Torch.longs(new long[TARGETS], TARGETS),
            Torch.floats(new float[TARGETS], TARGETS),
            Torch.floats(new float[TARGETS], TARGETS)),
        Optional.empty());
  }

  private static Tensor random(long rows, long columns) {
    torch.manual_seed(rows);
    return torch
        .empty(new long[] {rows, columns}, Torch.options(ScalarType.Float), null)
        .normal_(0, 0.5, null);
  }

  private static void assertClose(Tensor actual, Tensor expected, double tolerance) {
    assertThat(distance(actual, expected)).isLessThan(tolerance);
  }

  /** The norm of the difference, as a share of the expected norm. */
  private static double distance(Tensor actual, Tensor expected) {
    return actual.detach().sub(expected).norm().item_double() / expected.norm().item_double();
  }
}
