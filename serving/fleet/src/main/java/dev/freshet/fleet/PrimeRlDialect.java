package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WireWriter;
import java.util.List;
import java.util.Optional;

/**
 * prime-rl's inference server: {@code /update_weights}, between {@code /pause} and {@code /resume}
 * if the server has them. Mode {@code keep} only.
 */
final class PrimeRlDialect extends PausedDialect {
  private static final String LOAD = "/update_weights";
  private static final byte[] NO_BODY = {};

  @Override
  public String name() {
    return "prime-rl";
  }

  @Override
  public void check(UpdateWeightsRequest request) {
    super.check(request);
    refuse(
        request.mode() != UpdateMode.KEEP,
        "mode: expected keep for a prime-rl server, got '%s'",
        request.mode().wireName());
  }

  @Override
  Optional<String> servedDirectory(AdminClient server) {
    return ServedModels.root(server);
  }

  @Override
  PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines) {
    byte[] load =
        WireWriter.object(
            out -> out.writeStringProperty("weight_dir", request.weightDir().orElseThrow()));
    return new PausedUpdate.Plan(
        Optional.of(
            new PausedUpdate.Step(UpdatePart.PAUSE, "/pause", NO_BODY, deadlines.pause(), true)),
        new PausedUpdate.Step(UpdatePart.LOAD, LOAD, load, deadlines.update(), false),
        answer -> ReportedOutcome.of(LOAD, answer).orThrow(LOAD, "load").rpcMs(),
        List.of(),
        Optional.of(
            new PausedUpdate.Step(UpdatePart.RESUME, "/resume", NO_BODY, deadlines.pause(), true)));
  }
}
