package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.PrefixTree.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Owners, the index and reuse of KV blocks. */
class KvBlocksTest {
  private static final PrefixKey NO_SALT = new PrefixKey(Optional.empty(), 0);

  private final KvBlocks blocks = new KvBlocks(16, 2);

  private static Node indexed(KvBlocks blocks, Node before, int... tokens) {
    return blocks.index(before, tokens, blocks.allocate().getAsInt());
  }

  @Test
  void aBlockIsFoundByItsTokensAfterThoseBeforeByTheSaltAndByTheAdapter() {
    Node first = indexed(blocks, blocks.root(NO_SALT), 1, 2);
    Node second = indexed(blocks, first, 3, 4);
    blocks.stepTaken();

    assertThat(blocks.root(NO_SALT).child(new int[] {1, 2})).contains(first);
    assertThat(first.child(new int[] {3, 4})).contains(second);
    assertThat(blocks.root(NO_SALT).child(new int[] {3, 4})).isEmpty();
    assertThat(second.child(new int[] {3, 4})).isEmpty();
    assertThat(blocks.root(new PrefixKey(Optional.of("a"), 0)).child(new int[] {1, 2})).isEmpty();
    assertThat(blocks.root(new PrefixKey(Optional.empty(), 1)).child(new int[] {1, 2})).isEmpty();
    assertThat(first.nearest(new int[] {3, 9})).contains(second);
    assertThat(first.nearest(new int[] {3})).contains(second);
    assertThat(first.nearest(new int[] {4, 4})).isEmpty();
  }

  @Test
  void theNearestBlockSharesTheLongestBeginning() {
    SplittableRandom random = new SplittableRandom(1);
    KvBlocks many = new KvBlocks(512, 6);
    List<int[]> all = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      int[] tokens = random.ints(6, 0, 3).toArray();
      if (many.root(NO_SALT).child(tokens).isEmpty()) {
        indexed(many, many.root(NO_SALT), tokens);
        all.add(tokens);
      }
    }
    for (int i = 0; i < 300; i++) {
      int[] wanted = random.ints(1 + random.nextInt(6), 0, 4).toArray();
      int best = all.stream().mapToInt(tokens -> shared(tokens, wanted)).max().orElseThrow();
      assertThat(many.root(NO_SALT).nearest(wanted).map(node -> node.shared(wanted)).orElse(0))
          .isEqualTo(best);
    }
  }

  private static int shared(int[] one, int[] other) {
    int count = 0;
    while (count < Math.min(one.length, other.length) && one[count] == other[count]) {
      count++;
    }
    return count;
  }

  @Test
  void blocksOfAStepThatFailedAreNotFound() {
    Node first = indexed(blocks, blocks.root(NO_SALT), 1, 2);
    blocks.stepTaken();
    indexed(blocks, first, 3, 4);
    blocks.stepFailed();

    assertThat(first.child(new int[] {3, 4})).isEmpty();
    assertThat(blocks.root(NO_SALT).child(new int[] {1, 2})).contains(first);
  }

  @Test
  void aClearedIndexFindsNothingAndItsBlocksAreUsedAgain() {
    Node first = indexed(blocks, blocks.root(NO_SALT), 1, 2);
    Node second = indexed(blocks, first, 3, 4);
    blocks.stepTaken();
    blocks.clearIndex();

    assertThat(blocks.root(NO_SALT).child(new int[] {1, 2})).isEmpty();
    blocks.release(second.block());
    blocks.release(first.block());
    assertThat(blocks.faultsWhenIdle()).isEmpty();
    for (int i = 0; i < 16; i++) {
      assertThat(blocks.allocate()).isPresent();
    }
    assertThat(blocks.allocate()).isEmpty();
  }

  @Test
  void ofBlocksWithoutAnOwnerThoseReleasedLastAreKeptAtMostAQuarterOfAll() {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      nodes.add(indexed(blocks, blocks.root(NO_SALT), i, i));
    }
    blocks.stepTaken();
    nodes.forEach(node -> blocks.release(node.block()));

    for (int i = 0; i < 8; i++) {
      assertThat(blocks.root(NO_SALT).child(new int[] {i, i}).isPresent()).isEqualTo(i >= 4);
    }
    assertThat(blocks.available()).isEqualTo(16);
    blocks.share(nodes.get(4));
    assertThat(blocks.available()).isEqualTo(15);
    blocks.release(nodes.get(4).block());
    assertThat(blocks.faultsWhenIdle()).isEmpty();
  }

  @Test
  void blocksUsedOneAfterTheOtherTouchNoMoreMemoryThanTheMostInUseAndThoseKept() {
    KvBlocks large = new KvBlocks(10_000, 2);
    Set<Integer> touched = new HashSet<>();
    for (int request = 0; request < 20_000; request++) {
      List<Integer> own = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        own.add(large.allocate().getAsInt());
      }
      large.index(large.root(NO_SALT), new int[] {request, request}, own.getFirst());
      large.stepTaken();
      touched.addAll(own);
      own.reversed().forEach(large::release);
    }

    assertThat(touched).hasSizeLessThanOrEqualTo(2_500 + 3);
    assertThat(large.faultsWhenIdle()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noBlockIsTakenWhileItHasAnOwnerWhateverTheOrderOfOperations(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    KvBlocks pool = new KvBlocks(1 + random.nextInt(40), 1);
    Map<Integer, Integer> owners = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> {
          OptionalInt taken = pool.allocate();
          assertThat(taken.isPresent()).isEqualTo(owners.size() < pool.total());
          taken.ifPresent(
              block -> assertThat(owners.put(block, 1)).as("an owner of block %d", block).isNull());
        }
        case 3 -> {
          for (Node node : nodes) {
            if (node.isAttached() && random.nextInt(4) == 0) {
              pool.share(node);
              owners.merge(node.block(), 1, Integer::sum);
              break;
            }
          }
        }
        case 4, 5 -> {
          if (!owners.isEmpty()) {
            release(pool, owners, any(owners, random));
          }
        }
        case 6 -> {
          Optional<Integer> own =
              owners.keySet().stream()
                  .filter(
                      block -> nodes.stream().noneMatch(n -> n.isAttached() && n.block() == block))
                  .findFirst();
          if (own.isPresent()) {
            List<Node> parents = nodes.stream().filter(Node::isAttached).toList();
            Node parent =
                parents.isEmpty() || random.nextBoolean()
                    ? pool.root(NO_SALT)
                    : parents.get(random.nextInt(parents.size()));
            nodes.add(pool.index(parent, new int[] {random.nextInt(5)}, own.get()));
            if (random.nextInt(3) == 0) {
              pool.stepFailed();
            } else {
              pool.stepTaken();
            }
          }
        }
        default -> {
          if (random.nextInt(20) == 0) {
            pool.clearIndex();
            nodes.clear();
          } else if (!owners.isEmpty()) {
            pool.forget(any(owners, random));
          }
        }
      }
      assertThat(pool.owned()).isEqualTo(owners.size());
    }
    while (!owners.isEmpty()) {
      release(pool, owners, any(owners, random));
    }
    assertThat(pool.faultsWhenIdle()).isEmpty();
  }

  private static int any(Map<Integer, Integer> owners, SplittableRandom random) {
    return owners.keySet().stream().skip(random.nextInt(owners.size())).findFirst().orElseThrow();
  }

  private static void release(KvBlocks pool, Map<Integer, Integer> owners, int block) {
    pool.release(block);
    owners.computeIfPresent(block, (_, count) -> count == 1 ? null : count - 1);
  }
}
