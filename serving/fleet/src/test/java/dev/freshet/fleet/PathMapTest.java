package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.AdminException;
import dev.freshet.client.Conditions;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Replicas whose hosts see the checkpoints at other paths. */
@Timeout(60)
class PathMapTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "+/nfs/a:/mnt/b,             /nfs/a/w/step_7, /mnt/b/w/step_7",
    "+/nfs/a/:/mnt/b/,           /nfs/a,          /mnt/b",
    "+/nfs/a:/mnt/b,             /nfs/ab/step_7,  /nfs/ab/step_7",
    "+/nfs:/x+/nfs/a:/mnt/b,     /nfs/a/step_7,   /mnt/b/step_7",
    "+/nfs:/x+/nfs/a:/mnt/b,     /nfs/c/step_7,   /x/c/step_7",
    "+/:/host,                   /nfs/a,          /host/nfs/a"
  })
  void aDirectoryHasThePathOfTheLongestEntryAboveIt(String map, String here, String there) {
    PathMap paths = ReplicaSpec.ofAdmin("http://a:8000=vllm" + map, Dialects.FRESHET).paths();

    assertThat(paths.there(here)).isEqualTo(there);
    assertThat(paths.here(there)).isEqualTo(here);
  }

  @Test
  void theMapFollowsTheUrlAndTheKind() {
    ReplicaSpec vllm = ReplicaSpec.of("http://a:8000=vllm+/n+a:/m", "", Dialects.FRESHET);
    ReplicaSpec freshet = ReplicaSpec.of("http://a:8000+/n:/m", "http://a:8001", Dialects.FRESHET);

    assertThat(vllm.address().data()).hasToString("http://a:8000");
    assertThat(vllm.dialect()).isSameAs(Dialects.VLLM);
    assertThat(vllm.paths().there("/n+a/w")).isEqualTo("/m/w");
    assertThat(freshet.dialect()).isSameAs(Dialects.FRESHET);
    assertThat(freshet.paths().entries()).containsExactly(new PathMap.Entry("/n", "/m"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"+/nfs", "+/nfs:mnt", "+/nfs:/mnt:/x", "+/a:/b+/c"})
  void aMalformedMapIsRefused(String map) {
    assertThatThrownBy(() -> ReplicaSpec.ofAdmin("http://a:8000" + map, Dialects.FRESHET))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected +HERE:THERE with two absolute paths");
  }

  @Test
  void everyReplicaGetsTheDirectoryAsItsHostSeesItAlsoWhenItReturns() throws Exception {
    String here = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("freshet");
        PeerServer c = new PeerServer("sglang");
        Fleet fleet = fleet(mapped(a, "/mnt/a"), mapped(b, "/mnt/b"), c.spec())) {
      var _ = fleet.begin(LONG, () -> false);
      assertThat(fleet.update(Target.of(1, here, UpdateMode.KEEP)).failures()).isEmpty();

      assertThat(a.weights).isEqualTo("/mnt/a/step_1");
      assertThat(b.weights).isEqualTo("/mnt/b/step_1");
      assertThat(c.weights).isEqualTo(here);
      a.kill();
      a.start();
      Conditions.await("the return of the server", () -> a.serves("/mnt/a/step_1"));
    }
  }

  @Test
  void theModelThatAReplicaServesIsComparedWhereItLiesOnThisHost() throws Exception {
    Path model = Checkpoints.publish(dir.resolve("model"), 0, Checkpoints.MODEL);
    Path other = Checkpoints.publish(dir, 1, Checkpoints.MODEL, 4, 5);
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet = fleet(mapped(server, "/mnt/a"))) {
      server.root = "/mnt/a/model/" + model.getFileName();
      var _ = fleet.begin(LONG, () -> false);

      assertThat(fleet.update(Target.of(1, other.toString(), UpdateMode.KEEP)).failures())
          .singleElement()
          .asString()
          .contains("differs from the served model " + model);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "freshet"})
  void anErrorAboutADirectoryNamesBothPaths(String kind) throws Exception {
    try (PeerServer server = new PeerServer(kind);
        OneServer one =
            new OneServer(
                new ReplicaSpec(
                    server.spec().address(),
                    Dialects.named(kind),
                    PathMap.of("+/nfs/runs:/mnt/runs")),
                LONG,
                Optional.empty(),
                EventLog.silent(MonotonicClock.SYSTEM))) {
      server.missing.add("/update_weights");
      UpdateWeightsRequest update =
          UpdateWeightsRequest.of("/nfs/runs/bad", OptionalLong.of(1), UpdateMode.KEEP);

      assertThatThrownBy(() -> one.update(update, TraceId.random(), LONG))
          .isInstanceOf(AdminException.class)
          .hasMessageContaining("(/mnt/runs/bad there is /nfs/runs/bad here)");
    }
  }

  private ReplicaSpec mapped(PeerServer server, String there) {
    Dialect dialect = Dialects.named(server.kind);
    return new ReplicaSpec(
        server.spec().address(), dialect, PathMap.of("+%s:%s".formatted(dir, there)));
  }

  private static Fleet fleet(ReplicaSpec... specs) {
    return new Fleet(
        List.of(specs),
        Optional.empty(),
        new FleetOptions(
            PhaseDeadlines.all(LONG), 0, Duration.ofMillis(20), LONG, Optional.empty()),
        UpdateJournal.NONE,
        EventLog.silent(MonotonicClock.SYSTEM));
  }
}
