package dev.freshet.client;

import dev.freshet.trace.AdminTimings;
import java.util.List;
import java.util.Optional;

/**
 * A weight operation that a server acknowledged.
 *
 * @param timings the parts of its time
 * @param weightVersion the version now serving
 * @param preparedVersion the version that is prepared but not committed, if there is one
 * @param notes what the server did differently from the request, a sentence each
 */
public record AdminResult(
    AdminTimings timings,
    String weightVersion,
    Optional<String> preparedVersion,
    List<String> notes) {
  public AdminResult {
    notes = List.copyOf(notes);
  }
}
