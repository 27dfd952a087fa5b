package dev.freshet.router;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The routes of vLLM, SGLang, prime-rl, Dynamo and Freshet servers that change or reveal the state
 * of one server. The front relays none of them: it would reach a single replica, which then differs
 * from the others.
 */
final class AdminPaths {
  private static final Set<String> PATHS =
      Set.of(
          // Freshet, prime-rl, vLLM
          "/update_weights",
          "/reload_weights",
          "/weight_info",
          "/pause",
          "/resume",
          "/is_paused",
          "/abort_requests",
          "/liveness",
          "/metrics",
          "/init_broadcaster",
          "/load_lora_adapter",
          "/unload_lora_adapter",
          "/v1/load_lora_adapter",
          "/v1/unload_lora_adapter",
          // vLLM
          "/collective_rpc",
          "/init_weight_transfer_engine",
          "/start_weight_update",
          "/finish_weight_update",
          "/update_weight_version",
          "/weight_checker",
          "/get_world_size",
          "/sleep",
          "/wake_up",
          "/is_sleeping",
          "/reset_prefix_cache",
          "/reset_mm_cache",
          "/reset_encoder_cache",
          "/scale_elastic_ep",
          "/is_scaling_elastic_ep",
          "/start_profile",
          "/stop_profile",
          "/server_info",
          "/load",
          // SGLang
          "/update_weights_from_disk",
          "/update_weights_from_tensor",
          "/update_weights_from_distributed",
          "/update_weights_from_ipc",
          "/init_weights_update_group",
          "/destroy_weights_update_group",
          "/init_weights_send_group_for_remote_instance",
          "/send_weights_to_remote_instance",
          "/get_weights_by_name",
          "/get_weight_version",
          "/pause_generation",
          "/continue_generation",
          "/abort_request",
          "/flush_cache",
          "/clear_hicache_storage_backend",
          "/release_memory_occupation",
          "/resume_memory_occupation",
          "/set_internal_state",
          "/get_internal_state",
          "/get_server_info",
          "/configure_logging",
          "/freeze_gc",
          "/slow_down",
          "/start_expert_distribution_record",
          "/stop_expert_distribution_record",
          "/dump_expert_distribution_record");

  /** Trees of such routes: Dynamo's engine routes, and the debug routes of all. */
  private static final List<String> TREES = List.of("/engine", "/debug", "/hicache");

  private AdminPaths() {}

  /**
   * Whether a decoded path is such a route, in whatever spelling a server may take for it: with
   * repeated slashes, dot segments or capital letters.
   */
  static boolean contains(String path) {
    String plain = normalized(path).toLowerCase(Locale.ROOT);
    return PATHS.contains(plain)
        || TREES.stream().anyMatch(tree -> plain.equals(tree) || plain.startsWith(tree + "/"));
  }

  private static String normalized(String path) {
    Deque<String> segments = new ArrayDeque<>();
    for (String segment : path.split("/", -1)) {
      if (segment.equals("..")) {
        segments.pollLast();
      } else if (!segment.isEmpty() && !segment.equals(".")) {
        segments.addLast(segment);
      }
    }
    return "/" + String.join("/", segments);
  }
}
