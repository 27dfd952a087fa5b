package dev.freshet.engine;

import dev.freshet.model.KvCache;
import dev.freshet.model.Torch;
import dev.freshet.trace.jfr.DecodeStepEvent;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Computes tokens with a decoder on libtorch; the cache of a sequence is its KV cache. */
final class LibtorchRunner implements ModelRunner<VersionedModel> {
  private final KvCache cache;
  private final int prefillTokens;
  private VersionedModel model;

  /** Owns {@code cache}, and {@code model} until it is swapped. */
  LibtorchRunner(VersionedModel model, KvCache cache, int prefillTokens) {
    this.model = model;
    this.cache = cache;
    this.prefillTokens = prefillTokens;
  }

  @Override
  public long version() {
    return model.version();
  }

  @Override
  public VersionedModel swap(VersionedModel next) {
    VersionedModel replaced = model;
    model = next;
    return replaced;
  }

  @Override
  public List<Sampler.Sample> prefill(List<Sequence> fresh, int first) {
    DecodeStepEvent recorded = DecodeStepEvent.begun();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      fresh.forEach(sequence -> sequence.cached(sequence.promptLength()));
      Tensor hidden = fill(fresh, first);
      long time = hidden.size(1);
      long[] ends = new long[fresh.size()];
      for (int row = 0; row < ends.length; row++) {
        ends[row] = row * time + fresh.get(row).cached() - 1;
      }
      Tensor last =
          hidden
              .reshape(-1, model.config().hiddenSize())
              .index_select(0, Torch.longs(ends, ends.length));
      List<Sampler.Sample> samples = sample(fresh, last);
      recorded.done(true, fresh.size(), version());
      return samples;
    }
  }

  /**
   * Computes the cached tokens of every sequence, which writes their keys and values into the slots
   * from {@code first} on. Returns {@code [sequences, longest, hiddenSize]}.
   */
  private Tensor fill(List<Sequence> sequences, int first) {
    int longest = longest(sequences);
    long[] tokens = new long[sequences.size() * longest];
    long[] positions = new long[tokens.length];
    for (int row = 0; row < sequences.size(); row++) {
      Sequence sequence = sequences.get(row);
      for (int i = 0; i < longest; i++) {
        tokens[row * longest + i] = i < sequence.cached() ? sequence.token(i) : 0;
        positions[row * longest + i] = i;
      }
    }
    Tensor positionIds = Torch.longs(positions, sequences.size(), longest);
    return model
        .decoder()
        .hidden(Torch.longs(tokens, sequences.size(), longest), cache.prefill(first, positionIds));
  }

  @Override
  public Optional<Sampler.Sample> extend(Sequence sequence, int slot, int tokens) {
    DecodeStepEvent recorded = DecodeStepEvent.begun();
    int start = sequence.cached();
    int end = Math.min(sequence.promptLength(), start + tokens);
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor hidden = fill(sequence, slot, start, end);
      sequence.cached(end);
      Optional<Sampler.Sample> sample =
          end < sequence.promptLength()
              ? Optional.empty()
              : Optional.of(
                  sample(List.of(sequence), hidden.select(1, end - start - 1L)).getFirst());
      recorded.done(true, 1, version());
      return sample;
    }
  }

  /**
   * Computes the tokens of one sequence from {@code start} to {@code end} − 1, whose slot holds
   * those before them. Returns {@code [1, end − start, hiddenSize]}.
   */
  private Tensor fill(Sequence sequence, int slot, int start, int end) {
    long[] tokens = new long[end - start];
    long[] positions = new long[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = sequence.token(start + i);
      positions[i] = (long) start + i;
    }
    Tensor positionIds = Torch.longs(positions, 1, positions.length);
    return model
        .decoder()
        .hidden(Torch.longs(tokens, 1, tokens.length), cache.extend(slot, start, positionIds));
  }

  private static int longest(List<Sequence> sequences) {
    return sequences.stream().mapToInt(Sequence::cached).max().orElseThrow();
  }

  @Override
  public List<Sampler.Sample> decode(List<Sequence> running) {
    DecodeStepEvent recorded = DecodeStepEvent.begun();
    int rows = running.size();
    long[] tokens = new long[rows];
    long[] positions = new long[rows];
    for (int row = 0; row < rows; row++) {
      Sequence sequence = running.get(row);
      tokens[row] = sequence.lastToken();
      positions[row] = sequence.cached();
      sequence.cached(sequence.cached() + 1);
    }
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor hidden =
          model
              .decoder()
              .hidden(Torch.longs(tokens, rows, 1), cache.decode(positions))
              .view(rows, model.config().hiddenSize());
      List<Sampler.Sample> samples = sample(running, hidden);
      recorded.done(false, rows, version());
      return samples;
    }
  }

  private List<Sampler.Sample> sample(List<Sequence> rows, Tensor hidden) {
    return Sampler.sample(model.decoder().logits(hidden), rows);
  }

  /** In groups of sequences that fit into one prefill, a longer sequence in parts. */
  @Override
  public void recompute(List<Sequence> running) {
    for (int first = 0; first < running.size(); ) {
      int end = first + 1;
      while (end < running.size()
          && (long) longest(running.subList(first, end + 1)) * (end + 1 - first) <= prefillTokens) {
        end++;
      }
      List<Sequence> group = running.subList(first, end);
      if (longest(group) > prefillTokens) {
        recomputeInParts(group.getFirst(), first);
      } else {
        try (PointerScope _ = new PointerScope();
            NoGradGuard _ = new NoGradGuard()) {
          fill(group, first);
        }
      }
      first = end;
    }
  }

  private void recomputeInParts(Sequence sequence, int slot) {
    for (int start = 0; start < sequence.cached(); start += prefillTokens) {
      try (PointerScope _ = new PointerScope();
          NoGradGuard _ = new NoGradGuard()) {
        fill(sequence, slot, start, Math.min(sequence.cached(), start + prefillTokens));
      }
    }
  }

  @Override
  public void move(int from, int to, int length) {
    try (PointerScope _ = new PointerScope()) {
      cache.move(from, to, length);
    }
  }

  @Override
  public void clear(int slot) {
    cache.clear(slot);
  }

  @Override
  public void close() {
    try (VersionedModel _ = model) {
      cache.close();
    }
  }
}
