package dev.freshet.fleet;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The calls of an update, by the program of the server; those of a Freshet server with a phase. */
public final class UpdateCalls {
  static final Map<String, List<String>> BY_KIND =
      Map.of(
          "freshet",
          List.of("/update_weights#prepare", "/update_weights#commit"),
          "vllm",
          List.of(
              "/pause",
              "/collective_rpc",
              "/reset_prefix_cache",
              "/update_weight_version",
              "/weight_info",
              "/resume"),
          "vllm-lora",
          List.of("/v1/load_lora_adapter", "/v1/models"),
          "sglang",
          List.of(
              "/pause_generation",
              "/update_weights_from_disk",
              "/model_info",
              "/continue_generation"),
          "prime-rl",
          List.of("/pause", "/update_weights", "/resume"),
          "dynamo",
          List.of(
              "/v1/rl/workers",
              "/engine/pause_generation",
              "/engine/update_weights_from_disk",
              "/engine/get_weight_version",
              "/engine/resume_generation"));

  private UpdateCalls() {}

  /** Those of the program of that name. */
  public static List<String> of(String kind) {
    return Objects.requireNonNull(BY_KIND.get(kind), kind);
  }
}
