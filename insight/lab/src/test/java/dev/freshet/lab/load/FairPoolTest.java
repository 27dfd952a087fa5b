package dev.freshet.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FairPoolTest {
  private final List<String> granted = new ArrayList<>();
  private final List<FairPool.Lease> leases = new ArrayList<>();

  private CompletableFuture<FairPool.Lease> request(FairPool pool, String who) {
    CompletableFuture<FairPool.Lease> turn = pool.request();
    var _ =
        turn.thenAccept(
            lease -> {
              granted.add(who);
              leases.add(lease);
            });
    return turn;
  }

  @Test
  void requestsAreServedInOrder() {
    FairPool pool = new FairPool(2);
    for (String who : List.of("a", "b", "c", "d", "e")) {
      var _ = request(pool, who);
    }
    assertThat(granted).containsExactly("a", "b");

    leases.get(1).close();
    leases.get(0).close();
    leases.get(2).close();

    assertThat(granted).containsExactly("a", "b", "c", "d", "e");
    assertThat(pool.waiting()).isZero();
  }

  @Test
  void aStreamsReplacementWaitsBehindAnEarlierAdminCall() {
    FairPool pool = new FairPool(1);
    var _ = request(pool, "stream");
    var _ = request(pool, "admin");
    leases.getFirst().close();
    var _ = request(pool, "replacement");

    assertThat(granted).containsExactly("stream", "admin");
    leases.getLast().close();
    assertThat(granted).containsExactly("stream", "admin", "replacement");
  }

  @Test
  void aCancelledRequestIsSkipped() {
    FairPool pool = new FairPool(1);
    var _ = request(pool, "stream");
    CompletableFuture<FairPool.Lease> cancelled = request(pool, "cancelled");
    var _ = request(pool, "next");
    assertThat(cancelled.cancel(false)).isTrue();

    leases.getFirst().close();

    assertThat(granted).containsExactly("stream", "next");
  }

  @Test
  void aLeaseClosedTwiceFreesOneConnection() {
    FairPool pool = new FairPool(1);
    var _ = request(pool, "a");
    leases.getFirst().close();
    leases.getFirst().close();

    var _ = request(pool, "b");
    var _ = request(pool, "c");

    assertThat(granted).containsExactly("a", "b");
  }

  @Test
  void noMoreLeasesThanItsSizeAreHeldAtOnce() throws Exception {
    FairPool pool = new FairPool(3);
    AtomicInteger held = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(8);
    for (int i = 0; i < 8; i++) {
      Thread.ofPlatform()
          .start(
              () -> {
                for (int call = 0; call < 1000; call++) {
                  try (FairPool.Lease _ = pool.request().join()) {
                    most.accumulateAndGet(held.incrementAndGet(), Math::max);
                    held.decrementAndGet();
                  }
                }
                done.countDown();
              });
    }
    assertThat(done.await(50, TimeUnit.SECONDS)).isTrue();
    assertThat(most.get()).isBetween(1, 3);
    assertThat(pool.waiting()).isZero();
  }
}
