package dev.freshet.engine;

import dev.freshet.model.Decoder;
import dev.freshet.model.KvPool;
import dev.freshet.model.KvSpan;
import dev.freshet.model.RowAdapters;
import dev.freshet.model.Torch;
import dev.freshet.trace.jfr.DecodeStepEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Computes tokens with a decoder on libtorch. */
final class LibtorchRunner implements ModelRunner<VersionedModel> {
  private final KvPool pool;
  private final Computation computation;
  private final Sampler sampler;
  private VersionedModel model;

  /** Owns {@code pool} and {@code computation}, and {@code model} until it is swapped. */
  LibtorchRunner(VersionedModel model, KvPool pool, Computation computation) {
    this.computation = computation;
    this.sampler = new Sampler(computation.crew());
    this.model = model;
    this.pool = pool;
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
  public List<Sampler.Sample> step(List<Chunk> chunks) {
    DecodeStepEvent recorded = DecodeStepEvent.begun();
    List<Chunk> last = chunks.stream().filter(Chunk::isLast).toList();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor hidden =
          computation.rowAdapters().with(adapted(chunks, Chunk::count), () -> hidden(chunks));
      scorePrompts(chunks, hidden);
      List<Sampler.Sample> samples =
          last.isEmpty() ? List.of() : sample(last, hidden.index_select(0, ends(chunks)));
      recorded.done(!chunks.stream().allMatch(Chunk::isDecode), chunks.size(), version());
      return samples;
    }
  }

  /** The hidden states of all tokens of the chunks, {@code [tokens, hiddenSize]}. */
  private Tensor hidden(List<Chunk> chunks) {
    int total = chunks.stream().mapToInt(Chunk::count).sum();
    long[] tokens = new long[total];
    int next = 0;
    for (Chunk chunk : chunks) {
      for (int position = chunk.start(); position < chunk.end(); position++) {
        tokens[next++] = chunk.sequence().token(position);
      }
    }
    Decoder decoder = model.decoder();
    Tensor embedded = decoder.embedded(Torch.longs(tokens, 1, total));
    model.embedded();
    return decoder
        .throughLayers(embedded, pool.attention(chunks.stream().map(LibtorchRunner::span).toList()))
        .view(total, model.config().hiddenSize());
  }

  /** Reports the logprobs of the prompts whose requests ask for them. */
  private void scorePrompts(List<Chunk> chunks, Tensor hidden) {
    long first = 0;
    for (Chunk chunk : chunks) {
      if (chunk.sequence().reportsPrompt()) {
        PromptScoring.score(
            chunk, hidden.narrow(0, first, chunk.count()), rows -> logits(chunk, rows));
      }
      first += chunk.count();
    }
  }

  private Tensor logits(Chunk chunk, Tensor hidden) {
    return computation
        .rowAdapters()
        .with(
            adapted(List.of(chunk), _ -> Math.toIntExact(hidden.size(0))),
            () -> model.decoder().logits(hidden));
  }

  private static KvSpan span(Chunk chunk) {
    return new KvSpan(chunk.start(), chunk.count(), chunk.sequence().table().blocks());
  }

  /** The rows of the last tokens of the sequences that get a next token. */
  private static Tensor ends(List<Chunk> chunks) {
    long[] rows = new long[chunks.size()];
    int count = 0;
    long end = 0;
    for (Chunk chunk : chunks) {
      end += chunk.count();
      if (chunk.isLast()) {
        rows[count++] = end - 1;
      }
    }
    return Torch.longs(Arrays.copyOf(rows, count), count);
  }

  private List<Sampler.Sample> sample(List<Chunk> chunks, Tensor hidden) {
    Tensor output =
        computation
            .rowAdapters()
            .with(adapted(chunks, _ -> 1), () -> model.decoder().headOutput(hidden));
    return sampler.sample(output, chunks.stream().map(Chunk::sequence).toList());
  }

  /**
   * The rows of chunks that use adapters; all of them, if the policy version is one.
   *
   * @param rows how many rows a chunk has
   */
  private List<RowAdapters.Group> adapted(List<Chunk> chunks, ToIntFunction<Chunk> rows) {
    List<RowAdapters.Group> groups = new ArrayList<>();
    long row = 0;
    for (int i = 0; i < chunks.size(); ) {
      long start = row;
      Sequence first = chunks.get(i).sequence();
      while (i < chunks.size() && chunks.get(i).sequence().adapterId() == first.adapterId()) {
        row += rows.applyAsInt(chunks.get(i++));
      }
      long count = row - start;
      first
          .adapter()
          .ifPresent(
              adapter -> groups.add(new RowAdapters.Group(adapter.products(), start, count)));
    }
    long all = row;
    model.adapter().ifPresent(adapter -> groups.add(new RowAdapters.Group(adapter, 0, all)));
    return groups;
  }

  @Override
  public void copyBlock(int from, int to, int tokens) {
    pool.copyBlock(from, to);
  }

  @Override
  public long linearNanos() {
    return computation.linearClock().nanos();
  }

  @Override
  public void close() {
    try (Computation _ = computation;
        VersionedModel _ = model) {
      pool.close();
    }
  }
}
