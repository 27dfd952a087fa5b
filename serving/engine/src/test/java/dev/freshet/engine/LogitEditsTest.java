package dev.freshet.engine;

import static dev.freshet.engine.SamplingRows.sequence;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.SamplingRows.Parameters;
import dev.freshet.wire.LogitRules;
import java.nio.FloatBuffer;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Changed logits, worked out by hand; all numbers are exact in 32-bit floats. */
class LogitEditsTest {
  private static final float NEVER = Float.NEGATIVE_INFINITY;
  private static final float[] LOGITS = {4, -4, 2, 0, 1, -1};

  /** In the prompt: 0, 1 and twice 2; generated: twice 1 and 4. */
  private static final int[] PROMPT = {0, 2, 1, 2};

  private static final int[] GENERATED = {1, 4, 1};

  @Test
  void theRepetitionPenaltyDividesPositiveAndMultipliesOtherLogitsOfPromptAndCompletion() {
    assertThat(edited(new LogitRules(0, Map.of(), 2, 0, 0))).containsExactly(2, -8, 1, 0, 0.5f, -1);
    assertThat(edited(new LogitRules(0, Map.of(), 0.5, 0, 0))).containsExactly(8, -2, 4, 0, 2, -1);
  }

  @Test
  void theFrequencyPenaltyCountsGeneratedTokensOnly() {
    assertThat(edited(new LogitRules(0, Map.of(), 1, 0.5, 0)))
        .containsExactly(4, -5, 2, 0, 0.5f, -1);
    assertThat(edited(new LogitRules(0, Map.of(), 1, -2, 0))).containsExactly(4, 0, 2, 0, 3, -1);
  }

  @Test
  void thePresencePenaltyIsSubtractedOnceFromGeneratedTokens() {
    assertThat(edited(new LogitRules(0, Map.of(), 1, 0, 1.5)))
        .containsExactly(4, -5.5f, 2, 0, -0.5f, -1);
  }

  @Test
  void aBiasIsAddedAndOneOutsideTheVocabularyIsIgnored() {
    assertThat(edited(new LogitRules(0, Map.of(3, 100.0, 5, -100.0, 6, 5.0), 1, 0, 0)))
        .containsExactly(4, -4, 2, 100, 1, -101);
  }

  @Test
  void stopTokensAreForbiddenUntilMinTokensAreGenerated() {
    Parameters stops = Parameters.PLAIN.stopTokens(0, 3, 6);
    assertThat(edited(stops.rules(new LogitRules(4, Map.of(), 1, 0, 0))))
        .containsExactly(NEVER, -4, 2, NEVER, 1, -1);
    assertThat(edited(stops.rules(new LogitRules(3, Map.of(), 1, 0, 0)))).containsExactly(LOGITS);
  }

  @Test
  void minTokensComeFirstThenTheBiasThenRepetitionFrequencyAndPresence() {
    // Token 0: forbidden, whatever its bias. Token 1: (−4 + 6) / 2 − 2 · 0.25 − 0.5.
    // Token 2: (2 − 3) · 2. Token 4: 1 / 2 − 0.25 − 0.5.
    Parameters all =
        Parameters.PLAIN
            .stopTokens(0)
            .rules(new LogitRules(9, Map.of(0, 100.0, 1, 6.0, 2, -3.0), 2, 0.25, 0.5));
    assertThat(edited(all)).containsExactly(NEVER, 0, -2, 0, -0.25f, -1);
  }

  @Test
  void extremePenaltiesLeaveLogitsThatAnyTemperatureCanDivide() {
    for (double repetition : new double[] {Double.MIN_VALUE, 1e300}) {
      for (float logit : edited(new LogitRules(0, Map.of(), repetition, 0, 0))) {
        assertThat(logit / 1e-5f).isFinite();
      }
    }
  }

  @Test
  void oneSequencesTokensDoNotCountForTheNext() {
    LogitEdits edits = new LogitEdits(LOGITS.length);
    Parameters penalized = Parameters.PLAIN.rules(new LogitRules(0, Map.of(), 2, 1, 1));
    edits.apply(sequence(penalized, 1, PROMPT, GENERATED), FloatBuffer.wrap(LOGITS.clone()), 0);
    float[] second = LOGITS.clone();
    edits.apply(sequence(penalized, 1, new int[] {3}, 5), FloatBuffer.wrap(second), 0);

    assertThat(second).containsExactly(4, -4, 2, 0, 1, -4);
  }

  private static float[] edited(LogitRules rules) {
    return edited(Parameters.PLAIN.rules(rules));
  }

  /** Edits the second of two rows. */
  private static float[] edited(Parameters parameters) {
    FloatBuffer rows = FloatBuffer.allocate(2 * LOGITS.length).put(LOGITS).put(LOGITS);
    new LogitEdits(LOGITS.length)
        .apply(sequence(parameters, 1, PROMPT, GENERATED), rows, LOGITS.length);
    float[] first = new float[LOGITS.length];
    rows.get(0, first);
    assertThat(first).containsExactly(LOGITS);
    float[] second = new float[LOGITS.length];
    rows.get(LOGITS.length, second);
    return second;
  }
}
