package dev.freshet.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Index of full KV blocks. A block's keys and values depend on all tokens before it, so a block is
 * found by its tokens below the block of the tokens before, from a root that belongs to one {@link
 * PrefixKey}. Token ids are compared; equal hashes prove nothing here. All blocks are of one policy
 * version: a new version begins with an empty tree. Confined to the loop's thread.
 */
final class PrefixTree {
  /** A full block, or the root of a key. */
  static final class Node {
    private final Optional<Node> parent;
    private final PrefixKey key;
    private final int[] tokens;
    private final int block;

    /** By tokens, in lexicographic order. */
    private final TreeMap<int[], Node> children = new TreeMap<>(Arrays::compare);

    private boolean attached;
    private boolean written;

    private Node(Optional<Node> parent, PrefixKey key, int[] tokens, int block) {
      this.parent = parent;
      this.key = key;
      this.tokens = tokens;
      this.block = block;
    }

    int block() {
      return block;
    }

    Optional<Node> parent() {
      return parent;
    }

    /** Whether a step has computed the block; until then no copy may be made of it. */
    boolean isWritten() {
      return written;
    }

    void written() {
      written = true;
    }

    /** Whether it is in the tree. */
    boolean isAttached() {
      return attached;
    }

    private boolean isRoot() {
      return parent.isEmpty();
    }

    /** The block of the next tokens. */
    Optional<Node> child(int[] next) {
      return Optional.ofNullable(children.get(next));
    }

    /** The child that shares the longest beginning with {@code next}; empty if none shares any. */
    Optional<Node> nearest(int[] next) {
      Optional<Node> before = value(children.floorEntry(next));
      Optional<Node> after = value(children.ceilingEntry(next));
      int sharedBefore = before.map(node -> node.shared(next)).orElse(0);
      int sharedAfter = after.map(node -> node.shared(next)).orElse(0);
      return Math.max(sharedBefore, sharedAfter) == 0
          ? Optional.empty()
          : sharedBefore > sharedAfter ? before : after;
    }

    private static Optional<Node> value(Map.Entry<int[], Node> entry) {
      return Optional.ofNullable(entry).map(Map.Entry::getValue);
    }

    /** How many tokens its block and {@code next} have in common from their first on. */
    int shared(int[] next) {
      int mismatch = Arrays.mismatch(tokens, next);
      return mismatch < 0 ? tokens.length : mismatch;
    }
  }

  private final Map<PrefixKey, Node> roots = new HashMap<>();

  /** The root of a key. It is kept as long as it has children. */
  Node root(PrefixKey key) {
    Node kept = roots.get(key);
    return kept == null ? new Node(Optional.empty(), key, new int[0], -1) : kept;
  }

  /**
   * Adds a block below {@code parent}, which is attached, or a root that was just asked for, and
   * has no child of these tokens.
   */
  Node add(Node parent, int[] tokens, int block) {
    if (parent.isRoot()) {
      roots.putIfAbsent(parent.key, parent);
    }
    Node node = new Node(Optional.of(parent), parent.key, tokens, block);
    node.attached = true;
    parent.children.put(tokens, node);
    return node;
  }

  /** Removes a block and those below it; returns all of them. */
  List<Node> remove(Node node) {
    Node parent = node.parent.orElseThrow();
    parent.children.remove(node.tokens);
    if (parent.isRoot() && parent.children.isEmpty()) {
      roots.remove(parent.key, parent);
    }
    List<Node> removed = new ArrayList<>();
    Deque<Node> left = new ArrayDeque<>(List.of(node));
    while (!left.isEmpty()) {
      Node next = left.remove();
      next.attached = false;
      removed.add(next);
      left.addAll(next.children.values());
      next.children.clear();
    }
    return removed;
  }

  /**
   * Begins an empty tree. No block of the tree before is found again; {@link #remove} still works
   * on each.
   */
  void clear() {
    roots.clear();
  }
}
