package dev.freshet.fleet.dialect;

import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.WireWriter;
import java.util.List;

/** The controls of SGLang. */
record SglangControls() implements Controls {
  @Override
  public Call pause(PauseMode mode, boolean clearCache) {
    return switch (mode) {
      case ABORT -> pause("abort");
      case KEEP -> pause(clearCache ? "retract" : "in_place");
      case WAIT -> new Call.Unsupported("it has no pause that waits for running completions");
    };
  }

  private static Call pause(String mode) {
    return new Call.Post(
        "/pause_generation", WireWriter.object(out -> out.writeStringProperty("mode", mode)));
  }

  @Override
  public Call resume() {
    return new Call.Post("/continue_generation", new byte[] {'{', '}'});
  }

  @Override
  public Call abort(AbortRequest request) {
    return request.requestIds().isEmpty()
        ? new Call.Post(
            "/abort_request",
            WireWriter.object(
                out -> {
                  out.writeStringProperty("rid", "");
                  out.writeBooleanProperty("abort_all", true);
                }))
        : new Call.Unsupported("it aborts by its own request ids only: abort all, or disconnect");
  }

  @Override
  public Call flush() {
    return Call.Post.empty("/flush_cache");
  }

  @Override
  public Call load(AdapterRequest adapter) {
    return new Call.Post("/load_lora_adapter", Controls.body(adapter));
  }

  @Override
  public Call unload(AdapterRequest adapter) {
    return new Call.Post("/unload_lora_adapter", Controls.body(adapter));
  }

  @Override
  public List<String> routes() {
    return List.of(
        "/update_weights_from_disk",
        "/pause_generation",
        "/continue_generation",
        "/abort_request",
        "/flush_cache",
        "/load_lora_adapter",
        "/unload_lora_adapter");
  }
}
