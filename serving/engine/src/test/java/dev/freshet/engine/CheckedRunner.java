package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A runner whose keys and values are hashes of all tokens so far. It checks that every block it
 * reads holds what the sequence's tokens make, of a version that the sequence may use, and makes
 * the next token from them and one number of the sequence's random source.
 */
final class CheckedRunner implements ModelRunner<SyntheticEngine.Weights> {
  /** Has no stack trace, because the engine logs every failed step. */
  private static final class StepFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    StepFailure() {
      super("a step that must fail", null, false, false);
    }
  }

  private static final int VOCABULARY = 5;
  private static final int DRAWS = 8;

  private final int blockTokens;
  private final long[] hashes;
  private final long[] versions;
  private SyntheticEngine.Weights weights = new SyntheticEngine.Weights(0);

  /** The oldest version whose keys and values a sequence may read. */
  private final IdentityHashMap<Sequence, Long> oldest = new IdentityHashMap<>();

  private final Set<Sequence> poisoned = new HashSet<>();
  private final Set<Sequence> nan = new HashSet<>();
  private final List<List<Chunk>> steps = new ArrayList<>();
  private int failures;
  private boolean failsNext;

  CheckedRunner(int blocks, int blockTokens) {
    this.blockTokens = blockTokens;
    this.hashes = new long[blocks * blockTokens];
    this.versions = new long[blocks * blockTokens];
  }

  /** From now on every step with this sequence fails. */
  void poison(Sequence sequence) {
    poisoned.add(sequence);
  }

  /** From now on the sequence's logits are NaN. */
  void makeNan(Sequence sequence) {
    nan.add(sequence);
  }

  /** Makes the next step fail. */
  void failNext() {
    failsNext = true;
  }

  /** All sequences must have keys and values of the serving version only. */
  void requireRebuilt() {
    oldest.replaceAll((_, _) -> version());
  }

  /** The steps that were taken. */
  List<List<Chunk>> steps() {
    return steps;
  }

  /** The tokens that were computed. */
  int tokens() {
    return steps.stream().flatMap(List::stream).mapToInt(Chunk::count).sum();
  }

  int failures() {
    return failures;
  }

  @Override
  public long version() {
    return weights.version();
  }

  @Override
  public SyntheticEngine.Weights swap(SyntheticEngine.Weights next) {
    SyntheticEngine.Weights replaced = weights;
    weights = next;
    return replaced;
  }

  @Override
  public List<Sampler.Sample> step(List<Chunk> chunks) {
    boolean fails = failsNext || chunks.stream().map(Chunk::sequence).anyMatch(poisoned::contains);
    failsNext = false;
    for (Chunk chunk : chunks) {
      long[] made = hashes(chunk.sequence(), chunk.end());
      for (int position = chunk.start(); position < chunk.end(); position++) {
        hashes[row(chunk, position)] = fails ? -1 : made[position];
        versions[row(chunk, position)] = version();
      }
    }
    if (fails) {
      failures++;
      throw new StepFailure();
    }
    steps.add(chunks);
    List<Sampler.Sample> samples = new ArrayList<>();
    for (Chunk chunk : chunks) {
      long hash = read(chunk);
      if (chunk.isLast()) {
        Sequence sequence = chunk.sequence();
        float logprob = nan.contains(sequence) ? Float.NaN : -1;
        samples.add(new Sampler.Sample(next(hash, sequence.random()), logprob, List.of()));
      }
    }
    return samples;
  }

  /** Checks all that the chunk's attention reads; returns the newest value. */
  private long read(Chunk chunk) {
    Sequence sequence = chunk.sequence();
    long least = oldest.computeIfAbsent(sequence, _ -> version());
    long[] made = hashes(sequence, chunk.end());
    for (int position = 0; position < chunk.end(); position++) {
      int row = row(chunk, position);
      assertThat(hashes[row]).as("position %d of %s", position, chunk).isEqualTo(made[position]);
      assertThat(versions[row])
          .as("version at %d of %s", position, chunk)
          .isBetween(least, version());
    }
    return made[chunk.end() - 1];
  }

  private int row(Chunk chunk, int position) {
    int block = chunk.sequence().table().blocks()[position / blockTokens];
    return block * blockTokens + position % blockTokens;
  }

  private static long[] hashes(Sequence sequence, int end) {
    long[] made = new long[end];
    long hash = sequence.request().cacheSalt().hashCode();
    for (int position = 0; position < end; position++) {
      hash = mixed(hash, sequence.token(position));
      made[position] = hash;
    }
    return made;
  }

  private static long mixed(long hash, int token) {
    long mixed = (hash + token + 1) * 0x9E3779B97F4A7C15L;
    return mixed ^ mixed >>> 29;
  }

  private static int next(long hash, SplittableRandom random) {
    return Math.floorMod(hash + random.nextInt(DRAWS), VOCABULARY);
  }

  /** What a completion of the request consists of, however its steps are planned. */
  static List<Integer> expected(GenerationRequest request) {
    SplittableRandom random = new SplittableRandom(request.seed().orElseThrow());
    long hash = request.cacheSalt().hashCode();
    for (int token : request.prompt()) {
      hash = mixed(hash, token);
    }
    List<Integer> tokens = new ArrayList<>();
    while (tokens.size() < request.maxTokens()) {
      int token = next(hash, random);
      tokens.add(token);
      hash = mixed(hash, token);
    }
    return tokens;
  }

  @Override
  public void copyBlock(int from, int to, int tokens) {
    System.arraycopy(hashes, from * blockTokens, hashes, to * blockTokens, tokens);
    System.arraycopy(versions, from * blockTokens, versions, to * blockTokens, tokens);
  }

  @Override
  public void close() {}
}
