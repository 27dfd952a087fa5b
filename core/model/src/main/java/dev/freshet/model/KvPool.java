package dev.freshet.model;

import dev.freshet.weights.PageAdvice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The memory of the KV cache, in blocks of {@link #BLOCK_TOKENS} tokens, and the attention of a
 * step to it. A step is a flat batch of spans of several sequences: nothing is padded or masked,
 * and its cost is the sum of the lengths that are attended to.
 *
 * <p>The memory is reserved, not cleared: a page takes memory from the machine once a token is
 * written into it. Attention reads blocks in any order, each of a few kilobytes a layer, so the
 * pages are huge ones where the system has them. Tokens past a sequence's length are never read as
 * values, so a block may be reused with whatever it holds. The caller decides which sequence owns
 * which block.
 *
 * <p>Belongs to one thread at a time.
 */
public final class KvPool implements AutoCloseable {
  /** Tokens in a block. */
  public static final int BLOCK_TOKENS = KvLayout.BLOCK;

  private static final long HUGE_PAGE = 2 << 20;

  /** Query rows of one task of the crew. */
  private static final int TASK_ROWS = 16 * AttentionTile.ROWS;

  /** Tokens whose keys and values one task of the crew writes. */
  private static final int TASK_TOKENS = 16;

  private final ModelConfig config;
  private final ScalarType type;
  private final KvLayout layout;
  private final RotaryTables rotary;
  private final ComputeCrew crew;
  private final List<AttentionTile> tiles;
  private final Tensor reserved;

  /** The blocks; the first one begins at a huge page. */
  private final MemorySegment memory;

  /**
   * Reserves the memory.
   *
   * @param maxLength the most tokens of a sequence
   * @param crew computes attention; stays the caller's
   */
  public KvPool(ModelConfig config, int blocks, int maxLength, ScalarType type, ComputeCrew crew) {
    this.config = config;
    this.type = type;
    this.layout = KvLayout.of(config, type);
    this.rotary = RotaryTables.of(config, maxLength);
    this.crew = crew;
    this.tiles =
        IntStream.range(0, crew.workers()).mapToObj(_ -> new AttentionTile(layout)).toList();
    long bytes = blocks * layout.blockBytes();
    try (PointerScope _ = new PointerScope()) {
      this.reserved =
          torch.empty(new long[] {bytes + HUGE_PAGE}, Torch.options(ScalarType.Byte), null);
      reserved.retainReference();
    }
    long address = reserved.data_ptr().address();
    this.memory =
        Torch.bytes(reserved)
            .asSlice(Math.ceilDiv(address, HUGE_PAGE) * HUGE_PAGE - address, bytes);
    PageAdvice.hugePages(memory);
  }

  /** How many blocks hold {@code tokens} tokens. */
  public static int blocksFor(int tokens) {
    return (tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
  }

  /** Bytes that the keys and values of a block take in all layers. */
  public static long blockBytes(ModelConfig config, ScalarType type) {
    return KvLayout.of(config, type).blockBytes();
  }

  /**
   * Attention of a step's tokens, {@code [1, time, …]}, to themselves and the earlier ones of their
   * sequences. It writes their keys and values into the blocks. The spans lie one after another in
   * {@code time}. A span may read what another span of the step writes.
   */
  public Attention attention(List<KvSpan> spans) {
    List<NewTokens> written = newTokens(spans);
    List<Rows> rows = rows(spans);
    int time = spans.stream().mapToInt(KvSpan::count).sum();
    return (layer, query, key, value) -> {
      long base = memory.address() + layout.layerOffset(layer);
      Heads newKeys = Heads.of(key);
      Heads newValues = Heads.of(value);
      crew.run(
          written.size(),
          (worker, i) -> write(layer, tiles.get(worker), written.get(i), newKeys, newValues, base));
      Tensor output =
          torch.empty(
              new long[] {1, time, config.heads(), config.headDim()}, Torch.options(type), null);
      Heads queries = Heads.of(query);
      Heads outputs = Heads.of(output);
      int window = config.windows().get(layer).orElse(Integer.MAX_VALUE);
      crew.run(
          rows.size(),
          (worker, i) ->
              attend(layer, tiles.get(worker), rows.get(i), window, queries, outputs, base));
      return output;
    };
  }

  /**
   * Some tokens of one span.
   *
   * @param token the number of the span's first token in the step
   */
  private record NewTokens(KvSpan span, int token, int first, int end) {}

  private static List<NewTokens> newTokens(List<KvSpan> spans) {
    List<NewTokens> all = new ArrayList<>();
    int token = 0;
    for (KvSpan span : spans) {
      for (int first = 0; first < span.count(); first += TASK_TOKENS) {
        all.add(new NewTokens(span, token, first, Math.min(span.count(), first + TASK_TOKENS)));
      }
      token += span.count();
    }
    return all;
  }

  private void write(
      int layer, AttentionTile tile, NewTokens tokens, Heads newKeys, Heads newValues, long base) {
    // Attention overwrites it later.
    float[] rotated = tile.queries();
    for (int i = tokens.first(); i < tokens.end(); i++) {
      int position = tokens.span().start() + i;
      int block = tokens.span().blocks()[position / BLOCK_TOKENS];
      int slot = position % BLOCK_TOKENS;
      int token = tokens.token() + i;
      for (int head = 0; head < config.kvHeads(); head++) {
        rotary.rotate(
            layer,
            layout.format(),
            newKeys.at(token, head),
            config.headDim(),
            position,
            1,
            rotated,
            0);
        layout.putKey(base, block, head, slot, rotated);
        layout.putValue(base, block, head, slot, newValues.at(token, head));
      }
    }
  }

  /**
   * Some query rows of one span and key-value head. Row r is head r mod group of token r / group.
   */
  private record Rows(KvSpan span, int token, int kvHead, int first, int end) {}

  private List<Rows> rows(List<KvSpan> spans) {
    int group = config.heads() / config.kvHeads();
    List<Rows> all = new ArrayList<>();
    int token = 0;
    for (KvSpan span : spans) {
      int rows = span.count() * group;
      for (int head = 0; head < config.kvHeads(); head++) {
        for (int first = 0; first < rows; first += TASK_ROWS) {
          all.add(new Rows(span, token, head, first, Math.min(rows, first + TASK_ROWS)));
        }
      }
      token += span.count();
    }
    return all;
  }

  private void attend(
      int layer, AttentionTile tile, Rows rows, int window, Heads query, Heads output, long base) {
    int group = config.heads() / config.kvHeads();
    float scale = (float) config.attentionScale();
    FloatFormat format = layout.format();
    for (int first = rows.first(); first < rows.end(); first += AttentionTile.ROWS) {
      int count = Math.min(AttentionTile.ROWS, rows.end() - first);
      for (int row = 0; row < count; row++) {
        int token = (first + row) / group;
        int head = rows.kvHead() * group + (first + row) % group;
        int position = rows.span().start() + token;
        rotary.rotate(
            layer,
            format,
            query.at(rows.token() + token, head),
            config.headDim(),
            position,
            scale,
            tile.queries(),
            tile.queryOffset(row));
        tile.keys(row, Math.max(0, position + 1 - window), position + 1);
      }
      tile.fill(count);
      tile.attend(base, rows.span().blocks(), rows.kvHead());
      for (int row = 0; row < count; row++) {
        int token = (first + row) / group;
        int head = rows.kvHead() * group + (first + row) % group;
        store(
            format, output.at(rows.token() + token, head), tile.outputs(), tile.outputOffset(row));
      }
    }
  }

  private void store(FloatFormat format, long target, float[] source, int offset) {
    int headDim = config.headDim();
    int d = 0;
    for (; d + FloatFormat.LANES <= headDim; d += FloatFormat.LANES) {
      format.store(
          target + (long) d * format.size(),
          FloatVector.fromArray(FloatFormat.FLOATS, source, offset + d));
    }
    for (; d < headDim; d++) {
      format.put(target + (long) d * format.size(), source[offset + d]);
    }
  }

  /** Copies a whole block, over what the other one held. */
  public void copyBlock(int from, int to) {
    long bytes = layout.blockBytes();
    MemorySegment.copy(memory, from * bytes, memory, to * bytes, bytes);
  }

  @Override
  public void close() {
    reserved.close();
  }
}
