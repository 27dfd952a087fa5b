package dev.freshet.engine;

import dev.freshet.engine.PrefixTree.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which KV blocks are free, which sequences own one, and which full ones later sequences may share.
 * Every block is owned (by one sequence, or by several that share it), or kept for sharing without
 * an owner, or free. Free blocks are taken in last-in, first-out order, so memory that was touched
 * is used again. At most a quarter of all blocks is kept without an owner, those released last, so
 * resident memory is bounded by the most blocks ever owned and a quarter of the pool. Confined to
 * the loop's thread.
 */
final class KvBlocks {
  /** The share of all blocks that may be kept without an owner. */
  private static final int KEPT_SHARE = 4;

  private final int blockTokens;
  private final int[] owners;
  private final int[] free;
  private int freeCount;

  /** The index's entry of each block. */
  private final List<Optional<Node>> nodes;

  /** Blocks without an owner that may be shared, released longest ago first. */
  private final LinkedHashSet<Node> kept = new LinkedHashSet<>();

  private final PrefixTree tree = new PrefixTree();

  /** Blocks that were indexed for the step that is being planned or taken. */
  private final List<Node> planned = new ArrayList<>();

  /**
   * @param count the number of blocks; their ids are 0 to {@code count} − 1
   * @param blockTokens the tokens of a block
   */
  KvBlocks(int count, int blockTokens) {
    this.blockTokens = blockTokens;
    this.owners = new int[count];
    this.free = new int[count];
    this.freeCount = count;
    for (int i = 0; i < count; i++) {
      free[i] = count - 1 - i;
    }
    this.nodes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      nodes.add(Optional.empty());
    }
  }

  /** The tokens of a block. */
  int blockTokens() {
    return blockTokens;
  }

  /** How many blocks hold {@code tokens} tokens. */
  int blocksFor(int tokens) {
    return Math.ceilDiv(tokens, blockTokens);
  }

  int total() {
    return owners.length;
  }

  /** Blocks that a sequence may take now. */
  int available() {
    return freeCount + kept.size();
  }

  /** Blocks that sequences own. */
  int owned() {
    return total() - available();
  }

  /** Takes a block whose content is undefined; empty if none is available. */
  OptionalInt allocate() {
    if (freeCount == 0 && !kept.isEmpty()) {
      forget(kept.getFirst());
    }
    if (freeCount == 0) {
      return OptionalInt.empty();
    }
    int block = free[--freeCount];
    owners[block] = 1;
    return OptionalInt.of(block);
  }

  /** Adds an owner to an indexed block. */
  void share(Node node) {
    if (owners[node.block()]++ == 0) {
      kept.remove(node);
    }
  }

  /** Removes an owner of a block. */
  void release(int block) {
    if (owners[block] == 0) {
      throw new IllegalStateException(
          "cannot release KV block %d: it has no owner".formatted(block));
    }
    if (--owners[block] == 0) {
      nodes.get(block).ifPresentOrElse(this::keep, () -> free[freeCount++] = block);
    }
  }

  private void keep(Node node) {
    kept.add(node);
    if (kept.size() > total() / KEPT_SHARE) {
      forget(kept.getFirst());
    }
  }

  /** The root of the index for sequences of a key. */
  Node root(PrefixKey key) {
    return tree.root(key);
  }

  /**
   * Indexes a full block that the step being planned computes, for this and all later steps.
   * Returns the index's entry for these tokens, which may be another block.
   */
  Node index(Node before, int[] tokens, int block) {
    Optional<Node> existing = before.child(tokens);
    if (existing.isPresent()) {
      return existing.get();
    }
    Node node = tree.add(before, tokens, block);
    nodes.set(block, Optional.of(node));
    planned.add(node);
    return node;
  }

  /** The step is taken: the blocks indexed for it hold what they should. */
  void stepTaken() {
    planned.forEach(Node::written);
    planned.clear();
  }

  /** The step failed: takes the blocks indexed for it out of the index. */
  void stepFailed() {
    planned.forEach(this::forget);
    planned.clear();
  }

  /** Takes a block, and those that continue it, out of the index. */
  void forget(int block) {
    nodes.get(block).ifPresent(this::forget);
  }

  private void forget(Node node) {
    if (!node.isAttached()) {
      return;
    }
    for (Node removed : tree.remove(node)) {
      nodes.set(removed.block(), Optional.empty());
      if (kept.remove(removed)) {
        free[freeCount++] = removed.block();
      }
    }
  }

  /** Empties the index: no sequence finds a block that was computed before. */
  void clearIndex() {
    tree.clear();
  }

  /** What is wrong with the blocks when no sequence owns one; empty if nothing is. */
  List<String> faultsWhenIdle() {
    List<String> faults = new ArrayList<>();
    if (owned() != 0) {
      faults.add("%d KV blocks that no completion owns".formatted(owned()));
    }
    boolean[] seen = new boolean[total()];
    for (int i = 0; i < freeCount; i++) {
      if (seen[free[i]] || nodes.get(free[i]).isPresent()) {
        faults.add("KV block %d, which is free twice or both free and kept".formatted(free[i]));
      }
      seen[free[i]] = true;
    }
    for (Node node : kept) {
      if (seen[node.block()] || !node.isAttached()) {
        faults.add("KV block %d, which is kept and not indexed".formatted(node.block()));
      }
      seen[node.block()] = true;
    }
    if (Arrays.stream(owners).anyMatch(count -> count != 0)) {
      faults.add("KV blocks with an owner");
    }
    return faults;
  }
}
