package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.Conditions;
import dev.freshet.client.ScriptedServer;
import dev.freshet.client.SteppedClock;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Retries of a weight update within its deadline of 60 s, on a clock that the test advances. */
@Timeout(60)
class ReplicaAdminTest {
  static final List<Dialect> DIALECTS = Dialects.ALL;
  private static final Duration WITHIN = Duration.ofSeconds(60);
  private static final UpdateWeightsRequest REQUEST =
      UpdateWeightsRequest.of("/w/step_8", OptionalLong.of(8), UpdateMode.KEEP);

  private final SteppedClock clock = new SteppedClock();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final EventLog events = new EventLog(log::add, clock);

  @ParameterizedTest
  @FieldSource("DIALECTS")
  void aServerThatStartsLateIsUpdatedWithAllTheTimeThatIsLeft(Dialect dialect) throws Exception {
    int port = Conditions.refusedPort();
    try (ReplicaAdmin admin = admin(port, dialect)) {
      FutureTask<AdminResult> update = start(admin);
      Conditions.await("a refused try", () -> failures() > 0);
      clock.advance(Duration.ofSeconds(45));
      try (ScriptedServer server = Peers.serve(port, Peers.routes(dialect), "none")) {
        assertThat(update.get(30, TimeUnit.SECONDS).weightVersion()).isEqualTo("8");
        assertThat(server.requests())
            .extracting(ReplicaAdminTest::trace)
            .containsOnly(trace(server.requests().getFirst()));
      }
    }
  }

  @Test
  void aTryWhoseConnectionBreaksIsFollowedByAnotherWhileTimeIsLeft() throws Exception {
    int port = Conditions.refusedPort();
    try (ReplicaAdmin admin = admin(port, Dialects.FRESHET)) {
      FutureTask<AdminResult> update = start(admin);
      Conditions.await("a refused try", () -> failures() > 0);
      try (ScriptedServer server = Peers.serve(port, Peers.freshet(8), Peers.FRESHET_UPDATE)) {
        Conditions.await("a try that hangs", () -> !server.requests().isEmpty());
        clock.advance(WITHIN.minusSeconds(5));
        server.close();

        // The connection broke with some seconds left, so one more try is made, and refused.
        AdminException error =
            catchThrowableOfType(AdminException.class, () -> getUnwrapped(update));
        assertThat(error.code()).isEqualTo("unreachable");
        assertThat(failures()).isGreaterThan(2);
      }
    }
  }

  @Test
  void aHangingTryTakesOnlyTheTimeThatIsLeft() throws Exception {
    int port = Conditions.refusedPort();
    try (ReplicaAdmin admin = admin(port, Dialects.FRESHET)) {
      FutureTask<AdminResult> update = start(admin);
      Conditions.await("a refused try", () -> failures() > 0);
      clock.advance(WITHIN.minusSeconds(4));
      try (ScriptedServer server = Peers.serve(port, Peers.freshet(8), Peers.FRESHET_UPDATE)) {
        AdminException error =
            catchThrowableOfType(AdminException.class, () -> getUnwrapped(update));
        assertThat(error.code()).isEqualTo("read_timeout");
        assertThat(server.requests()).hasSize(1);
      }
    }
  }

  @Test
  void noTryBeginsAfterTheDeadline() throws Exception {
    int port = Conditions.refusedPort();
    try (ReplicaAdmin admin = admin(port, Dialects.FRESHET)) {
      FutureTask<AdminResult> update = start(admin);
      Conditions.await("a refused try", () -> failures() > 0);
      clock.advance(WITHIN);

      AdminException error = catchThrowableOfType(AdminException.class, () -> getUnwrapped(update));
      assertThat(error.neverHandled()).isTrue();
    }
  }

  @Test
  void aFreshetServerIsPostedAgainUnderTheSameTraceIdAfterErrorsAndBrokenConnections()
      throws Exception {
    TraceId trace = TraceId.random();
    AtomicInteger tries = new AtomicInteger();
    try (ScriptedServer server =
            new ScriptedServer(
                connection -> {
                  connection.readRequest();
                  switch (tries.incrementAndGet()) {
                    case 1 -> connection.json("503 Service Unavailable", "{}");
                    case 2 -> {}
                    default ->
                        connection.json(
                            "200 OK", "{\"status\":\"ok\",\"rpc_ms\":1,\"weight_version\":\"8\"}");
                  }
                });
        ReplicaAdmin admin = admin(server.url().getPort(), Dialects.FRESHET)) {
      assertThat(admin.update(REQUEST, trace, WITHIN).weightVersion()).isEqualTo("8");
      assertThat(server.requests()).hasSize(3);
      assertThat(server.requests())
          .extracting(ReplicaAdminTest::trace)
          .containsOnly("x-trace-id: " + trace.hex());
    }
  }

  @ParameterizedTest
  @FieldSource("DIALECTS")
  void aRefusalIsNotRetried(Dialect dialect) throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                connection -> {
                  connection.readRequest();
                  connection.json("409 Conflict", "{}");
                });
        ReplicaAdmin admin = admin(server.url().getPort(), dialect)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> admin.update(REQUEST, TraceId.random(), WITHIN));

      assertThat(error.status()).isEqualTo(409);
      assertThat(failures()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @FieldSource("DIALECTS")
  void aClosedLaneIsNotRetried(Dialect dialect) throws Exception {
    try (ReplicaAdmin admin = admin(Conditions.refusedPort(), dialect)) {
      admin.close();
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> admin.update(REQUEST, TraceId.random(), WITHIN));

      assertThat(error.code()).isEqualTo("shut_down");
      assertThat(failures()).isEqualTo(1);
    }
  }

  private ReplicaAdmin admin(int port, Dialect dialect) {
    return new ReplicaAdmin(
        URI.create("http://127.0.0.1:" + port),
        dialect,
        AdminDeadlines.all(Duration.ofSeconds(60)),
        Optional.empty(),
        events);
  }

  private static FutureTask<AdminResult> start(ReplicaAdmin admin) {
    FutureTask<AdminResult> update =
        new FutureTask<>(() -> admin.update(REQUEST, TraceId.random(), WITHIN));
    Thread.ofPlatform().daemon().start(update);
    return update;
  }

  /** The result of an update, or what it threw. */
  private static AdminResult getUnwrapped(FutureTask<AdminResult> update) throws Throwable {
    try {
      return update.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw Objects.requireNonNull(e.getCause());
    }
  }

  private long failures() {
    return log.stream().filter(line -> line.contains(" error=")).count();
  }

  private static String trace(String request) {
    return request.lines().filter(line -> line.startsWith("x-trace-id: ")).findFirst().orElse("");
  }
}
