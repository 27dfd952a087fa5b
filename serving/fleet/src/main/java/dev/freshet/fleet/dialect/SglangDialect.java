package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.GenerationRoute;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireWriter;
import java.util.EnumSet;
import java.util.Optional;

/**
 * SGLang: {@code /pause_generation}, {@code /update_weights_from_disk} with the name of the
 * version, {@code /continue_generation}. Mode {@code drain} sends no pause: the load itself waits
 * until all running requests end. Older versions have no modes of pause, and abort.
 */
final class SglangDialect implements Dialect {
  private static final String LOAD = "/update_weights_from_disk";
  private static final byte[] NO_FIELDS = {'{', '}'};
  private static final byte[] NO_BODY = {};
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.allOf(UpdateMode.class), false, false, true);

  @Override
  public String name() {
    return "sglang";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Controls controls() {
    return new SglangControls();
  }

  @Override
  public Optional<String> servedDirectory(AdminClient server) {
    return info(server, "model_path");
  }

  /** A field of {@code /model_info}, in older versions {@code /get_model_info}. */
  private static Optional<String> info(AdminClient server, String field) {
    return Answers.text(server, "/model_info", field)
        .or(() -> Answers.text(server, "/get_model_info", field));
  }

  @Override
  public boolean pause(AdminCalls calls, UpdateMode mode) {
    if (mode != UpdateMode.DRAIN && !hasModes(calls.server())) {
      abort(calls, mode);
      return true;
    }
    Optional<String> name =
        switch (mode) {
          case KEEP -> Optional.of("in_place");
          case RECOMPUTE -> Optional.of("retract");
          case ABORT -> Optional.of("abort");
          case DRAIN -> Optional.empty();
        };
    name.ifPresent(
        text ->
            calls.order(
                UpdatePart.PAUSE,
                "/pause_generation",
                WireWriter.object(out -> out.writeStringProperty("mode", text)),
                "pause"));
    return name.isPresent();
  }

  /** Versions without {@code /model_info} ignore the mode of a pause, and abort. */
  private static boolean hasModes(AdminClient server) {
    return Answers.text(server, "/model_info", "model_path").isPresent();
  }

  private static void abort(AdminCalls calls, UpdateMode mode) {
    calls.order(UpdatePart.PAUSE, "/pause_generation", NO_BODY, "pause");
    if (mode != UpdateMode.ABORT) {
      calls.note(
          "mode %s was carried out as abort: this version of SGLang has no other pause"
              .formatted(mode.wireName()));
    }
  }

  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    String directory =
        target
            .directory()
            .orElseThrow(
                () ->
                    new WireException(
                        "weight_dir: expected a directory for an sglang server, which cannot return"
                            + " to the model it was started with by itself"));
    byte[] body =
        WireWriter.object(
            out -> {
              out.writeStringProperty("model_path", directory);
              out.writeStringProperty("weight_version", target.name());
              // A flush fails while requests hold their KV cache, which they do in mode keep.
              out.writeBooleanProperty("flush_cache", target.mode() != UpdateMode.KEEP);
              out.writeBooleanProperty("abort_all_requests", false);
              out.writeBooleanProperty("keep_pause", target.mode() != UpdateMode.DRAIN);
            });
    calls.load(
        LOAD,
        body,
        target,
        answer -> ReportedOutcome.of(LOAD, answer).orThrow(LOAD, "load").rpcMs());
    return Optional.empty();
  }

  @Override
  public Optional<EngineLoad.Series> engineSeries() {
    return Optional.of(EngineLoad.SGLANG);
  }

  @Override
  public Serving ask(AdminClient server, long expected) {
    return new Serving(info(server, "weight_version"), Optional.empty());
  }

  @Override
  public Generation generation(AdminClient server) {
    return new Generation(GenerationRoute.SGLANG, Generation.Versions.REPORTED);
  }

  /** Its {@code /health} generates a token, which waits for a load. */
  @Override
  public void greet(AdminClient server) {
    var _ = ask(server, 0);
  }

  @Override
  public void resume(AdminCalls calls) {
    calls.order(UpdatePart.RESUME, "/continue_generation", NO_FIELDS, "resume");
  }
}
