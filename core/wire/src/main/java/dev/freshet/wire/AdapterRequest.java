package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;

/**
 * The body of vLLM's {@code POST /v1/load_lora_adapter} and {@code POST /v1/unload_lora_adapter}.
 *
 * @param name {@code lora_name}, by which completion requests choose the adapter
 * @param path {@code lora_path}, the adapter's directory as the server sees it; required to load
 */
public record AdapterRequest(String name, Optional<String> path) {
  /** The longest name. */
  private static final int MAX_NAME = 256;

  /**
   * @throws WireException if the name or the path is empty or cannot be one
   */
  public AdapterRequest {
    if (name.isEmpty() || name.length() > MAX_NAME) {
      throw new WireException(
          "lora_name: expected 1 to %d characters, got %d".formatted(MAX_NAME, name.length()));
    }
    path.ifPresent(
        dir -> {
          if (dir.isEmpty() || dir.indexOf('\0') >= 0) {
            throw new WireException("lora_path: expected a directory, got " + Quoted.of(dir));
          }
        });
  }

  /**
   * Parses the body of a request to load an adapter.
   *
   * @throws WireException naming the field that is missing, unknown or invalid
   */
  public static AdapterRequest parseLoad(byte[] json) {
    AdapterRequest load = parse(json);
    if (load.path().isEmpty()) {
      throw new WireException("lora_path: expected a directory, got nothing");
    }
    return load;
  }

  /**
   * Parses the body of a request to unload an adapter.
   *
   * @throws WireException naming the field that is missing, unknown or invalid
   */
  public static AdapterRequest parseUnload(byte[] json) {
    return parse(json);
  }

  private static AdapterRequest parse(byte[] json) {
    var fields =
        new Object() {
          Optional<String> name = Optional.empty();
          Optional<String> path = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
      in.documentWithoutNulls(
          (field, _) -> {
            switch (field) {
              case "lora_name" -> fields.name = Optional.of(in.text());
              case "lora_path" -> fields.path = Optional.of(in.text());
              case "lora_int_id" -> in.longInteger(); // vLLM accepts and ignores it.
              case "load_inplace" -> requireNotInPlace(in.bool());
              case "is_3d_lora_weight" -> NeutralFields.require(in, !in.bool(), "false");
              default -> throw new WireException("unknown field " + Quoted.of(field));
            }
          });
    }
    return new AdapterRequest(
        fields.name.orElseThrow(() -> new WireException("lora_name: expected a name, got nothing")),
        fields.path);
  }

  private static void requireNotInPlace(boolean inPlace) {
    if (inPlace) {
      throw new WireException(
          "load_inplace: expected false: running completions and cached prefixes belong to the"
              + " adapter as it was loaded; load the new one under another name, then unload the"
              + " old one");
    }
  }
}
