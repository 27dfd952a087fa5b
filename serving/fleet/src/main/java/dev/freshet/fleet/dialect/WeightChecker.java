package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import dev.freshet.wire.WireWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * vLLM's {@code /weight_checker}: the checksum of every tensor of every worker, by its name with
 * the worker's rank. It is answered 409 while the server is paused, and holds generation while it
 * computes.
 */
final class WeightChecker {
  private static final String PATH = "/weight_checker";

  private WeightChecker() {}

  /**
   * The checksums; empty if the server does not have the route.
   *
   * @throws AdminException if it cannot be asked, or the answer cannot be read
   */
  static Optional<SortedMap<String, String>> ask(AdminClient server, Duration within) {
    byte[] body = WireWriter.object(out -> out.writeStringProperty("action", "checksum"));
    try {
      return Optional.of(read(server.post(PATH, body, TraceId.random(), within)));
    } catch (AdminException e) {
      if (e.status() == 404 || e.status() == 405) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static SortedMap<String, String> read(AdminAnswer answer) {
    SortedMap<String, String> checksums = new TreeMap<>();
    try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
      in.document(
          name -> {
            if (name.equals("checksums")) {
              in.fields(tensor -> checksums.put(tensor, in.text()));
            } else {
              in.skip();
            }
          });
    } catch (WireException e) {
      throw AdminException.sent(PATH, "bad_answer", e.getMessage());
    }
    if (checksums.isEmpty()) {
      throw AdminException.sent(PATH, "bad_answer", "expected checksums, got none");
    }
    return checksums;
  }
}
