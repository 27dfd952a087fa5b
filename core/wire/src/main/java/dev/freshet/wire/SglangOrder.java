package dev.freshet.wire;

import java.util.Optional;
import java.util.Set;

/** The bodies of the orders of SGLang's clients, which name what vLLM's routes do differently. */
public final class SglangOrder {
  private static final int MAX_BYTES = 64 << 10;

  private SglangOrder() {}

  /** What a pause does to running completions. */
  public enum Pause {
    /** They end at once. */
    ABORT,
    /** They are suspended, and their KV cache is recomputed after the pause. */
    RETRACT,
    /** They are suspended, and continue with their KV cache. */
    IN_PLACE
  }

  /**
   * Parses the body of {@code POST /pause_generation}: {@code {"mode"}}, or nothing for an abort.
   *
   * @throws WireException if the mode is none of SGLang's
   */
  public static Pause pause(byte[] json) {
    var fields =
        new Object() {
          Pause mode = Pause.ABORT;
        };
    read(
        json,
        (in, name) -> {
          if (name.equals("mode")) {
            fields.mode = WireNames.find(Pause.class, "mode", in.text());
          } else {
            in.skip();
          }
        });
    return fields.mode;
  }

  /**
   * Parses the body of {@code POST /abort_request}: {@code {"rid", "abort_all"}}.
   *
   * @throws WireException if it names no request and does not say that all are to end
   */
  public static AbortRequest abort(byte[] json) {
    var fields =
        new Object() {
          String id = "";
          boolean all;
        };
    read(
        json,
        (in, name) -> {
          switch (name) {
            case "rid" -> fields.id = in.isNull() ? "" : in.text();
            case "abort_all" -> fields.all = in.bool();
            default -> in.skip();
          }
        });
    if (!fields.all && fields.id.isEmpty()) {
      throw new WireException("rid: expected a request id, or \"abort_all\": true");
    }
    return new AbortRequest(fields.all ? Optional.empty() : Optional.of(Set.of(fields.id)));
  }

  private interface Field {
    void read(WireReader in, String name);
  }

  private static void read(byte[] json, Field field) {
    if (json.length > 0) {
      try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
        in.document(name -> field.read(in, name));
      }
    }
  }
}
