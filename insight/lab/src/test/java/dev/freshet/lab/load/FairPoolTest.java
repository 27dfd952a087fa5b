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

  private CompletableFuture<FairPool.Lease> ask(FairPool pool, String who) {
    CompletableFuture<FairPool.Lease> turn = pool.ask();
    var _ =
        turn.thenAccept(
            lease -> {
              granted.add(who);
              leases.add(lease);
            });
    return turn;
  }

  @Test
  void whoAskedFirstIsServedFirst() {
    FairPool pool = new FairPool(2);
    for (String who : List.of("a", "b", "c", "d", "e")) {
      var _ = ask(pool, who);
    }
    assertThat(granted).containsExactly("a", "b");

    leases.get(1).close();
    leases.get(0).close();
    leases.get(2).close();

    assertThat(granted).containsExactly("a", "b", "c", "d", "e");
    assertThat(pool.waiting()).isZero();
  }

  @Test
  void aReplacementThatAsksLaterWaitsBehindTheAdminCall() {
    FairPool pool = new FairPool(1);
    var _ = ask(pool, "stream");
    var _ = ask(pool, "admin");
    leases.getFirst().close();
    var _ = ask(pool, "replacement");

    assertThat(granted).containsExactly("stream", "admin");
    leases.getLast().close();
    assertThat(granted).containsExactly("stream", "admin", "replacement");
  }

  @Test
  void whoGivesUpIsPassedOver() {
    FairPool pool = new FairPool(1);
    var _ = ask(pool, "stream");
    CompletableFuture<FairPool.Lease> impatient = ask(pool, "impatient");
    var _ = ask(pool, "patient");
    assertThat(impatient.cancel(false)).isTrue();

    leases.getFirst().close();

    assertThat(granted).containsExactly("stream", "patient");
  }

  @Test
  void aLeaseReturnedTwiceIsOneConnection() {
    FairPool pool = new FairPool(1);
    var _ = ask(pool, "a");
    leases.getFirst().close();
    leases.getFirst().close();

    var _ = ask(pool, "b");
    var _ = ask(pool, "c");

    assertThat(granted).containsExactly("a", "b");
  }

  @Test
  void neverMoreThanItsSizeAreGrantedAtOnce() throws Exception {
    FairPool pool = new FairPool(3);
    AtomicInteger held = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(8);
    for (int i = 0; i < 8; i++) {
      Thread.ofPlatform()
          .start(
              () -> {
                for (int call = 0; call < 1000; call++) {
                  try (FairPool.Lease _ = pool.ask().join()) {
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
