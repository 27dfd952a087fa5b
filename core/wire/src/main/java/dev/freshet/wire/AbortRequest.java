package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The body of {@code POST /abort_requests}.
 *
 * @param requestIds the completions to abort, by the id of their answer or of their request; empty
 *     for all
 */
public record AbortRequest(Optional<Set<String>> requestIds) {
  private static final int MAX_BYTES = 1 << 20;

  public AbortRequest {
    requestIds = requestIds.map(Set::copyOf);
  }

  /**
   * Parses a request body of at most 1 MiB; an empty body means all.
   *
   * @throws WireException naming the field that is unknown or invalid
   */
  public static AbortRequest parse(byte[] json) {
    var fields =
        new Object() {
          Optional<Set<String>> ids = Optional.empty();
        };
    if (json.length > 0) {
      try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
        in.document(
            name -> {
              if (!name.equals("request_ids")) {
                throw new WireException("unknown field " + Quoted.of(name));
              }
              if (!in.isNull()) {
                Set<String> ids = new HashSet<>();
                in.elements(() -> ids.add(in.text()));
                fields.ids = Optional.of(ids);
              }
            });
      }
    }
    return new AbortRequest(fields.ids);
  }

  /** The request body, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(
        out ->
            requestIds.ifPresent(
                ids -> {
                  out.writeArrayPropertyStart("request_ids");
                  ids.stream().sorted().forEach(out::writeString);
                  out.writeEndArray();
                }));
  }
}
