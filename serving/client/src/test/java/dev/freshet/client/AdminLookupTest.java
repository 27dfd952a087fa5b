package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Admin calls to servers that are named and not addressed by number. */
@Timeout(60)
class AdminLookupTest {
  private static final String OK = "{\"status\":\"ok\",\"rpc_ms\":1,\"weight_version\":\"7\"}";
  private static final Duration LONG = Duration.ofSeconds(30);

  private final EventLog events = EventLog.silent(MonotonicClock.SYSTEM);
  private final CountDownLatch resolved = new CountDownLatch(1);
  private final CountDownLatch asked = new CountDownLatch(1);

  @AfterEach
  void answerHangingQueries() {
    resolved.countDown();
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "127.0.0.2"})
  void theNextAddressIsTriedIfOneRefuses(String refusing) throws Exception {
    InetAddress[] addresses = {InetAddress.ofLiteral(refusing), InetAddress.ofLiteral("127.0.0.1")};
    try (ScriptedServer server = answering();
        AdminClient client = client(server.url().getPort(), LONG, host -> addresses)) {
      assertThat(update(client).weightVersion()).isEqualTo("7");
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void aNameWhoseAddressesAllRefuseIsUnreachable() throws Exception {
    InetAddress[] addresses = {
      InetAddress.ofLiteral("127.0.0.2"), InetAddress.ofLiteral("127.0.0.1")
    };
    try (AdminClient client = client(Conditions.refusedPort(), LONG, host -> addresses)) {
      AdminException error = failure(client);

      assertThat(error.code()).isEqualTo("unreachable");
      assertThat(error.neverHandled()).isTrue();
    }
  }

  @Test
  void closingTheClientEndsAHangingLookup() throws Exception {
    try (AdminClient client = client(1, LONG, this::hang)) {
      FutureTask<AdminException> call = new FutureTask<>(() -> failure(client));
      Thread.ofPlatform().daemon().start(call);
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      client.close();

      AdminException error = call.get(30, TimeUnit.SECONDS);
      assertThat(error.code()).isEqualTo("shut_down");
      assertThat(error.neverHandled()).isTrue();
    }
  }

  @Test
  void anInterruptEndsAHangingLookup() throws Exception {
    try (AdminClient client = client(1, LONG, this::hang)) {
      FutureTask<AdminException> call = new FutureTask<>(() -> failure(client));
      Thread caller = Thread.ofPlatform().daemon().start(call);
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      caller.interrupt();

      assertThat(call.get(30, TimeUnit.SECONDS).code()).isEqualTo("interrupted");
    }
  }

  @Test
  void aHangingLookupEndsAtTheDeadlineToConnect() throws Exception {
    try (AdminClient client = client(1, Duration.ofMillis(100), this::hang)) {
      AdminException error = failure(client);

      assertThat(error.code()).isEqualTo("connect_timeout");
      assertThat(error.neverHandled()).isTrue();
      assertThat(error).hasMessageEndingWith("host server was not resolved within 100 ms");
    }
  }

  @Test
  void anUpdateOverANameCompletesWhileEveryCarrierOfVirtualThreadsIsBusy() throws Exception {
    int carriers =
        Integer.getInteger(
            "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    AtomicBoolean stop = new AtomicBoolean();
    AtomicBoolean carrierWasFree = new AtomicBoolean();
    AtomicInteger spinning = new AtomicInteger();
    List<Thread> virtual = new ArrayList<>();
    try (ScriptedServer server = answering();
        AdminClient client =
            new AdminClient(
                URI.create("http://localhost:" + server.url().getPort()),
                AdminDeadlines.DEFAULT,
                events)) {
      for (int i = 0; i < carriers; i++) {
        virtual.add(
            Thread.startVirtualThread(
                () -> {
                  spinning.incrementAndGet();
                  while (!stop.get()) {
                    Thread.onSpinWait();
                  }
                }));
      }
      Conditions.await("every carrier is busy", () -> spinning.get() == carriers);
      virtual.add(Thread.startVirtualThread(() -> carrierWasFree.set(!stop.get())));

      assertThat(update(client).weightVersion()).isEqualTo("7");
      assertThat(carrierWasFree).isFalse();
    } finally {
      stop.set(true);
      for (Thread thread : virtual) {
        thread.join();
      }
    }
  }

  private InetAddress[] hang(String host) {
    asked.countDown();
    try {
      resolved.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new InetAddress[] {InetAddress.getLoopbackAddress()};
  }

  private static ScriptedServer answering() throws Exception {
    return new ScriptedServer(
        connection -> {
          connection.readRequest();
          connection.json("200 OK", OK);
          connection.awaitEnd();
        });
  }

  private AdminClient client(int port, Duration connect, HostNames.Resolver resolver) {
    return new AdminClient(
        URI.create("http://server:" + port),
        new AdminDeadlines(connect, LONG, LONG, LONG, LONG),
        events,
        Optional.empty(),
        new HostNames(resolver, MonotonicClock.SYSTEM));
  }

  private static AdminResult update(AdminClient client) {
    return client.updateWeights(Path.of("/w"), 7, UpdateMode.KEEP, TraceId.random());
  }

  private static AdminException failure(AdminClient client) {
    return catchThrowableOfType(AdminException.class, () -> update(client));
  }
}
