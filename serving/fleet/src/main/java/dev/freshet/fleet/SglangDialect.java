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
 * SGLang: {@code /pause_generation}, {@code /update_weights_from_disk}, {@code
 * /continue_generation}. Mode {@code drain} sends no pause: the load itself waits until all running
 * requests end.
 */
final class SglangDialect extends PausedDialect {
  private static final String LOAD = "/update_weights_from_disk";
  private static final byte[] NO_FIELDS = {'{', '}'};

  @Override
  public String name() {
    return "sglang";
  }

  @Override
  public String versionRoute() {
    return "/model_info";
  }

  @Override
  Optional<String> servedDirectory(AdminClient server) {
    return ServedModels.modelPath(server);
  }

  @Override
  PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines) {
    PausedUpdate.Step resume =
        new PausedUpdate.Step(
            UpdatePart.RESUME, "/continue_generation", NO_FIELDS, deadlines.pause(), false);
    Optional<PausedUpdate.Step> pause = pause(request.mode(), deadlines);
    return new PausedUpdate.Plan(
        pause,
        load(request, deadlines),
        answer -> ReportedOutcome.of(LOAD, answer).orThrow(LOAD, "load").rpcMs(),
        List.of(),
        pause.map(_ -> resume));
  }

  private static PausedUpdate.Step load(UpdateWeightsRequest request, AdminDeadlines deadlines) {
    byte[] body =
        WireWriter.object(
            out -> {
              out.writeStringProperty("model_path", request.weightDir().orElseThrow());
              out.writeStringProperty("weight_version", Long.toString(request.step().getAsLong()));
              // A flush fails while requests hold their KV cache, which they do in mode keep.
              out.writeBooleanProperty("flush_cache", request.mode() != UpdateMode.KEEP);
              out.writeBooleanProperty("abort_all_requests", false);
            });
    return new PausedUpdate.Step(UpdatePart.LOAD, LOAD, body, deadlines.update(), false);
  }

  private static Optional<PausedUpdate.Step> pause(UpdateMode mode, AdminDeadlines deadlines) {
    Optional<String> name =
        switch (mode) {
          case KEEP -> Optional.of("in_place");
          case RECOMPUTE -> Optional.of("retract");
          case ABORT -> Optional.of("abort");
          case DRAIN -> Optional.empty();
        };
    return name.map(
        text ->
            new PausedUpdate.Step(
                UpdatePart.PAUSE,
                "/pause_generation",
                WireWriter.object(out -> out.writeStringProperty("mode", text)),
                deadlines.pause(),
                false));
  }
}
