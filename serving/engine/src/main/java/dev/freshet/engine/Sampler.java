package dev.freshet.engine;

import dev.freshet.model.ComputeCrew;
import dev.freshet.model.Torch;
import dev.freshet.model.VocabularyScores;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Chooses the next token of every sequence of a step from the model's logits, in vLLM's order: the
 * {@link LogitEdits}; for a greedy sequence then the most likely token, the first of equal ones;
 * for others the temperature, the {@link Truncation}, and a draw by inversion with one uniform
 * number of the sequence's own random source. The choice for a sequence depends on its logits, its
 * request and its tokens alone, to the last bit, whichever other sequences are in the step.
 *
 * <p>A row whose logits are used as they are, and of which no alternatives are reported, is scored
 * by {@link VocabularyScores}; the others take several passes of libtorch over all their numbers.
 */
final class Sampler {
  /**
   * The logits of the rows that are chosen for at once, 4 MiB of them. More would fall out of the
   * processor's caches, and would be so large that the C library takes their memory from the system
   * anew at every step.
   */
  private static final long PIECE = 1 << 20;

  private final VocabularyScores scores;

  /**
   * @param crew computes; stays the caller's
   */
  Sampler(ComputeCrew crew) {
    this.scores = new VocabularyScores(crew);
  }

  /**
   * A chosen token.
   *
   * @param logprob its logprob in the distribution that the request asks for; NaN if the logits are
   *     NaN
   * @param top the most likely tokens of that distribution, most likely first; fewer than requested
   *     if it has fewer
   */
  record Sample(int token, float logprob, List<TokenEvent.TopLogprob> top) {}

  /**
   * Chooses one token a row.
   *
   * @param logits {@code [rows, vocabSize]}, the numbers of a row side by side
   * @param sequences the sequence of each row
   */
  List<Sample> sample(Tensor logits, List<Sequence> sequences) {
    Sample[] samples = new Sample[sequences.size()];
    int[] plain =
        IntStream.range(0, samples.length).filter(row -> isPlain(sequences.get(row))).toArray();
    scores.score(
        logits,
        plain,
        scored -> samples[scored.row()] = plain(scored, sequences.get(scored.row())));
    int[] others =
        IntStream.range(0, samples.length).filter(row -> !isPlain(sequences.get(row))).toArray();
    int piece = Math.toIntExact(Math.max(1, PIECE / logits.size(1)));
    for (int first = 0; first < others.length; first += piece) {
      int[] rows = Arrays.copyOfRange(others, first, Math.min(others.length, first + piece));
      try (PointerScope _ = new PointerScope()) {
        Tensor some = rows(logits, rows).to(torch.ScalarType.Float);
        List<Sample> sampled =
            sampleRows(some, Arrays.stream(rows).mapToObj(sequences::get).toList());
        for (int i = 0; i < rows.length; i++) {
          samples[rows[i]] = sampled.get(i);
        }
      }
    }
    return List.of(samples);
  }

  /** Whether a token is chosen from the logits as they are, and only its own logprob reported. */
  private static boolean isPlain(Sequence sequence) {
    GenerationRequest request = sequence.request();
    return (request.isGreedy() || (request.isDrawnWhole() && request.temperature() == 1))
        && request.topLogprobs() == 0
        && !LogitEdits.areNeeded(sequence);
  }

  private static Sample plain(VocabularyScores.Row scored, Sequence sequence) {
    int token =
        sequence.request().isGreedy()
            ? scored.mostLikely()
            : scored.draw(sequence.random().nextDouble());
    return new Sample(token, scored.logprob(token), List.of());
  }

  /** A copy of some rows. */
  private static Tensor rows(Tensor tensor, int[] rows) {
    return tensor.index_select(
        0, Torch.longs(Arrays.stream(rows).asLongStream().toArray(), rows.length));
  }

  /** As {@link #sample}, of contiguous 32-bit floats. */
  private static List<Sample> sampleRows(Tensor own, List<Sequence> sequences) {
    List<GenerationRequest> requests = sequences.stream().map(Sequence::request).toList();
    Tensor raw = torch.log_softmax(own, -1);
    boolean edited = edit(own, sequences);
    Tensor processed =
        any(requests, request -> !request.isGreedy() || request.processedLogprobs())
            ? processed(own, requests, raw, edited)
            : raw;
    Logprobs ofModel = new Logprobs(raw, requests, request -> !request.processedLogprobs());
    Logprobs ofChoice = new Logprobs(processed, requests, GenerationRequest::processedLogprobs);
    boolean reported = any(requests, GenerationRequest::processedLogprobs);
    Choice choice = new Choice(own, processed, requests, reported || shared(processed, raw));
    List<Sample> samples = new ArrayList<>(requests.size());
    for (int row = 0; row < requests.size(); row++) {
      int token = choice.token(row, sequences.get(row).random());
      samples.add(
          requests.get(row).processedLogprobs()
              ? choice.amongKept(row, ofChoice.sample(row, token))
              : ofModel.sample(row, token));
    }
    return samples;
  }

  private static boolean shared(Tensor one, Tensor other) {
    return one.data_ptr().address() == other.data_ptr().address();
  }

  /** Returns whether a row was changed. */
  private static boolean edit(Tensor logits, List<Sequence> sequences) {
    if (sequences.stream().noneMatch(LogitEdits::areNeeded)) {
      return false;
    }
    int vocab = Math.toIntExact(logits.size(1));
    LogitEdits edits = new LogitEdits(vocab);
    FloatBuffer view = Torch.floatView(logits);
    for (int row = 0; row < sequences.size(); row++) {
      if (LogitEdits.areNeeded(sequences.get(row))) {
        edits.apply(sequences.get(row), view, row * vocab);
      }
    }
    return true;
  }

  /**
   * The logprobs after the edits and the temperature. Without edits and at temperature 1 they are
   * the model's, bit for bit.
   */
  private static Tensor processed(
      Tensor logits, List<GenerationRequest> requests, Tensor raw, boolean edited) {
    float[] temperatures = new float[requests.size()];
    for (int row = 0; row < temperatures.length; row++) {
      GenerationRequest request = requests.get(row);
      temperatures[row] = request.isGreedy() ? 1 : (float) request.temperature();
    }
    if (any(requests, request -> !request.isGreedy() && request.temperature() != 1)) {
      Tensor divisors = Torch.floats(temperatures, temperatures.length, 1);
      return torch.log_softmax(logits.div_(divisors), -1);
    }
    return edited ? torch.log_softmax(logits, -1) : raw;
  }

  static boolean any(List<GenerationRequest> requests, Predicate<GenerationRequest> holds) {
    return requests.stream().anyMatch(holds);
  }

  /** The rows of a tensor whose requests are as {@code holds} says; the tensor itself if all. */
  static Tensor rows(
      Tensor tensor, List<GenerationRequest> requests, Predicate<GenerationRequest> holds) {
    long[] rows = new long[requests.size()];
    int count = 0;
    for (int row = 0; row < rows.length; row++) {
      if (holds.test(requests.get(row))) {
        rows[count++] = row;
      }
    }
    return count == rows.length
        ? tensor
        : tensor.index_select(0, Torch.longs(Arrays.copyOf(rows, count), count));
  }
}
