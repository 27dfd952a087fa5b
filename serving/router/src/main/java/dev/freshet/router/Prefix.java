package dev.freshet.router;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The replica that got the request with the longest common prefix of the prompt, where most of the
 * KV cache is likely to be. Prompts are compared in blocks: a block's hash covers all blocks before
 * it, so that the table of blocks is a tree of prefixes, and it is bounded by forgetting the blocks
 * that were used longest ago. A short match, or a replica that has spent its budget, gives way to
 * the least loaded. Thread-safe.
 */
final class Prefix implements Policy {
  /** Bytes of a block: some dozens of tokens. */
  static final int BLOCK = 256;

  private static final int MAX_BLOCKS = 1 << 17;

  /** Blocks of one prompt that are looked at. */
  private static final int MAX_DEPTH = 1 << 12;

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final LeastLoaded leastLoaded = new LeastLoaded();
  private final SpillBudget budget;

  /** The replica that got each block last; least recently used first. */
  private final Map<Long, Upstream> blocks =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Upstream> eldest) {
          return size() > MAX_BLOCKS;
        }
      };

  Prefix(SpillBudget budget) {
    this.budget = budget;
  }

  @Override
  public Upstream choose(RoutedRequest request, List<Upstream> candidates) {
    long[] hashes = hashes(request.prompt());
    synchronized (this) {
      Upstream chosen = longestMatch(hashes, candidates);
      for (long hash : hashes) {
        blocks.put(hash, chosen);
      }
      return chosen;
    }
  }

  private Upstream longestMatch(long[] hashes, List<Upstream> candidates) {
    for (int i = hashes.length - 1; i >= 0; i--) {
      Upstream last = blocks.get(hashes[i]);
      if (last != null && candidates.contains(last) && !budget.isSpent(last, candidates)) {
        return last;
      }
    }
    return leastLoaded.among(candidates);
  }

  /** The hash of each whole block with all before it. */
  private static long[] hashes(byte[] prompt) {
    long[] hashes = new long[Math.min(MAX_DEPTH, prompt.length / BLOCK)];
    long hash = FNV_OFFSET;
    for (int i = 0; i < hashes.length * BLOCK; i++) {
      hash = (hash ^ prompt[i]) * FNV_PRIME;
      if ((i + 1) % BLOCK == 0) {
        hashes[i / BLOCK] = hash;
      }
    }
    return hashes;
  }
}
