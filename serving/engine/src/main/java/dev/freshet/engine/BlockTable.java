package dev.freshet.engine;

import dev.freshet.engine.PrefixTree.Node;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The KV blocks of one sequence, in the order of its tokens. Only full blocks are shared; a
 * sequence writes into blocks of its own. Confined to the loop's thread.
 */
final class BlockTable {
  /** A copy of fewer tokens than this is not worth its time. */
  private static final int FEWEST_COPIED = 4;

  private int[] blocks = {};
  private int count;

  /** The leading blocks that the index knows, as these or as others of the same tokens. */
  private int indexed;

  /** The index's entry of the last of them. */
  private Optional<Node> last = Optional.empty();

  /** Whether its blocks may not be indexed: they hold keys and values of more than one version. */
  private boolean mixed;

  /** Copies tokens of a block into another one. */
  @FunctionalInterface
  interface Copy {
    void copyBlock(int from, int to, int tokens);
  }

  /** The ids of the blocks; those from {@link #count} on are undefined. Valid until it grows. */
  int[] blocks() {
    return blocks;
  }

  int count() {
    return count;
  }

  /**
   * Shares the full blocks of the index that hold the sequence's tokens from {@code computed} on.
   *
   * @param limit at most the tokens before this position are taken
   * @return how many tokens its blocks hold now
   */
  int share(KvBlocks pool, Sequence sequence, int computed, int limit) {
    int size = pool.blockTokens();
    int held = computed;
    while (isAligned(pool, held) && held + size <= limit) {
      Optional<Node> next = position(pool, sequence).child(sequence.tokens(held, held + size));
      if (next.isEmpty()) {
        break;
      }
      pool.share(next.get());
      append(next.get().block());
      indexed++;
      last = next;
      held += size;
    }
    return held;
  }

  /**
   * Copies the beginning of an indexed block that holds the sequence's next tokens, if that saves
   * more than a few. Arguments and result as in {@link #share}, after which it is called.
   */
  int copy(KvBlocks pool, Sequence sequence, int computed, int limit, Copy copy) {
    int end = Math.min(limit, computed + pool.blockTokens());
    if (!isAligned(pool, computed) || end - computed < FEWEST_COPIED) {
      return computed;
    }
    int[] next = sequence.tokens(computed, end);
    Optional<Node> source = position(pool, sequence).nearest(next).filter(Node::isWritten);
    int shared = source.map(node -> node.shared(next)).orElse(0);
    if (shared < FEWEST_COPIED) {
      return computed;
    }
    Node from = source.orElseThrow();
    pool.share(from); // So that it is not the block that is taken for the copy.
    OptionalInt to = pool.allocate();
    to.ifPresent(
        block -> {
          append(block);
          copy.copyBlock(from.block(), block, shared);
        });
    pool.release(from.block());
    return to.isPresent() ? computed + shared : computed;
  }

  /** Whether the next token begins a block, and all blocks before are in the index. */
  private boolean isAligned(KvBlocks pool, int computed) {
    return !mixed && indexed == count && count * pool.blockTokens() == computed;
  }

  private Node position(KvBlocks pool, Sequence sequence) {
    return last.orElseGet(() -> pool.root(sequence.prefixKey()));
  }

  /** Takes blocks until they can hold {@code tokens} tokens; returns how many they can hold. */
  int grow(KvBlocks pool, int tokens) {
    while (count < pool.blocksFor(tokens)) {
      OptionalInt block = pool.allocate();
      if (block.isEmpty()) {
        break;
      }
      append(block.getAsInt());
    }
    return Math.min(tokens, count * pool.blockTokens());
  }

  private void append(int block) {
    if (count == blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(4, 2 * count));
    }
    blocks[count++] = block;
  }

  /** Indexes the full blocks of the sequence's first {@code computed} tokens. */
  void index(KvBlocks pool, Sequence sequence, int computed) {
    int size = pool.blockTokens();
    while (!mixed && (indexed + 1) * size <= computed) {
      Node before = position(pool, sequence);
      if (last.isPresent() && !before.isAttached()) {
        mixed = true; // Blocks before are no longer in the index, so those after are not found.
        break;
      }
      int start = indexed * size;
      last = Optional.of(pool.index(before, sequence.tokens(start, start + size), blocks[indexed]));
      indexed++;
    }
  }

  /** From now on none of its blocks is indexed, because they are of more than one version. */
  void mixed() {
    mixed = true;
  }

  /** Releases the blocks that hold no token before {@code computed}. */
  void truncate(KvBlocks pool, int computed) {
    int left = pool.blocksFor(computed);
    // The last first: it is then the first to be used again, and nothing continues it.
    while (count > left) {
      pool.release(blocks[--count]);
    }
    while (indexed > computed / pool.blockTokens()) {
      indexed--;
      last = indexed == 0 ? Optional.empty() : last.flatMap(Node::parent);
    }
  }

  /** Releases all blocks. */
  void release(KvBlocks pool) {
    truncate(pool, 0);
    mixed = false;
  }

  /** Takes all its blocks out of the index. */
  void forget(KvBlocks pool) {
    for (int i = 0; i < count; i++) {
      pool.forget(blocks[i]);
    }
  }
}
