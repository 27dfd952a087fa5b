package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostNamesTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final InetAddress[] ADDRESSES = {address(1), address(2)};

  private final SteppedClock clock = new SteppedClock();
  private final AtomicInteger queries = new AtomicInteger();

  @Test
  void addressesKeepTheOrderOfTheResolver() throws Exception {
    assertThat(names().lookUp("host").await(LONG)).containsExactly(ADDRESSES);
  }

  @Test
  void concurrentLookupsOfOneHostShareAQuery() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    HostNames names =
        new HostNames(
            host -> {
              queries.incrementAndGet();
              awaitQuietly(answer);
              return ADDRESSES;
            },
            clock);
    List<HostNames.Lookup> lookups = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      lookups.add(names.lookUp("host"));
    }
    lookups.getFirst().cancel();
    answer.countDown();

    assertThatThrownBy(() -> lookups.getFirst().await(LONG))
        .isInstanceOf(CancellationException.class);
    for (HostNames.Lookup lookup : lookups.subList(1, 10)) {
      assertThat(lookup.await(LONG)).containsExactly(ADDRESSES);
    }
    assertThat(queries).hasValue(1);
  }

  @Test
  void addressesAreCachedForTheirLifetime() throws Exception {
    HostNames names = names();
    names.lookUp("host").await(LONG);
    clock.advance(HostNames.LIFETIME.minusSeconds(10));
    names.lookUp("host").await(LONG);
    assertThat(queries).hasValue(1);

    clock.advance(Duration.ofSeconds(10));
    names.lookUp("host").await(LONG);
    assertThat(queries).hasValue(2);
  }

  @Test
  void aFailedLookupIsNotCached() throws Exception {
    HostNames names =
        new HostNames(
            host ->
                switch (queries.getAndIncrement()) {
                  case 0 -> throw new UnknownHostException(host);
                  case 1 -> throw new SecurityException("not permitted");
                  default -> ADDRESSES;
                },
            clock);
    assertThatThrownBy(() -> names.lookUp("host").await(LONG))
        .isInstanceOf(UnknownHostException.class);
    assertThatThrownBy(() -> names.lookUp("host").await(LONG))
        .isInstanceOf(UnknownHostException.class);
    assertThat(names.lookUp("host").await(LONG)).containsExactly(ADDRESSES);
    assertThat(queries).hasValue(3);
  }

  @Test
  void aHangingQueryEndsAtTheCallersDeadlineAndDelaysNoOtherHost() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    HostNames names =
        new HostNames(
            host -> {
              if (host.equals("hanging")) {
                awaitQuietly(never);
              }
              return ADDRESSES;
            },
            clock);
    HostNames.Lookup hanging = names.lookUp("hanging");

    assertThat(names.lookUp("other").await(LONG)).containsExactly(ADDRESSES);
    assertThatThrownBy(() -> hanging.await(Duration.ofMillis(50)))
        .isInstanceOf(TimeoutException.class);
    never.countDown();
  }

  @Test
  void queriesRunOnPlatformThreads() throws Exception {
    HostNames names =
        new HostNames(
            host -> {
              assertThat(Thread.currentThread().isVirtual()).isFalse();
              return ADDRESSES;
            },
            clock);
    CountDownLatch done = new CountDownLatch(1);
    Thread.ofVirtual()
        .start(
            () -> {
              names.lookUp("host");
              done.countDown();
            });
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(names.lookUp("host").await(LONG)).containsExactly(ADDRESSES);
  }

  @Test
  void aLiteralAddressNeedsNoQuery() throws Exception {
    HostNames names = names();
    for (String literal : List.of("127.0.0.1", "::1", "10.1.2.3", "fe80::1")) {
      assertThat(names.lookUp(literal).await(LONG)).containsExactly(InetAddress.ofLiteral(literal));
    }
    assertThat(queries).hasValue(0);
  }

  private HostNames names() {
    return new HostNames(
        host -> {
          queries.incrementAndGet();
          return ADDRESSES;
        },
        clock);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static InetAddress address(int last) {
    try {
      return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }
}
