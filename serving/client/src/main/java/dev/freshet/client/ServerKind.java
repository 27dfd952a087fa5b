package dev.freshet.client;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Which program an inference server is, and so how it is told to serve other weights. */
public enum ServerKind {
  /** Freshet's own, which prepares beside decoding and swaps between two steps. */
  FRESHET,
  /**
   * vLLM with its development routes on: {@code /pause}, {@code /collective_rpc}, {@code /resume}.
   */
  VLLM,
  /** SGLang: {@code /pause_generation}, {@code /update_weights_from_disk}. */
  SGLANG,
  /** prime-rl's inference server; pauses where it has the route. */
  PRIME_RL;

  /** The name on a command line. */
  public String wireName() {
    return WireNames.of(this).replace('_', '-');
  }

  /** Where it tells which version it serves, in the field {@code weight_version}. */
  String versionRoute() {
    return this == SGLANG ? "/model_info" : "/weight_info";
  }

  /**
   * The kind of that name.
   *
   * @throws WireException if there is none
   */
  public static ServerKind of(String wireName) {
    return Arrays.stream(values())
        .filter(kind -> kind.wireName().equals(wireName))
        .findFirst()
        .orElseThrow(
            () ->
                new WireException(
                    "expected one of %s, got '%s'"
                        .formatted(
                            Arrays.stream(values())
                                .map(ServerKind::wireName)
                                .collect(Collectors.joining(", ")),
                            wireName)));
  }
}
