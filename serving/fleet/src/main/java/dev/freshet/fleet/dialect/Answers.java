package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Single fields of what a server reports; empty if it does not have the route or the field. */
final class Answers {
  private static final byte[] NO_FIELDS = {'{', '}'};

  private Answers() {}

  /** A text or a number. */
  static Optional<String> text(AdminClient server, String route, String field) {
    return find(server, route, field, WireReader::scalar);
  }

  static Optional<Boolean> bool(AdminClient server, String route, String field) {
    return find(server, route, field, in -> Optional.of(in.bool()));
  }

  /**
   * Whether the server has a route, which refuses a request without fields as malformed; false if
   * it does not have it or does not permit it.
   *
   * @throws AdminException if the server cannot be asked
   */
  static boolean refusesEmpty(AdminClient server, String route) {
    try {
      var _ = server.post(route, NO_FIELDS, TraceId.random(), server.deadlines().probe());
      return true;
    } catch (AdminException e) {
      if (e.status() == 0) {
        throw e;
      }
      return e.status() == 400 || e.status() == 422;
    }
  }

  /**
   * @throws AdminException if the server cannot be asked, or the answer cannot be read
   */
  static <T> Optional<T> find(
      AdminClient server, String route, String field, Function<WireReader, Optional<T>> read) {
    byte[] body;
    try {
      body = server.get(route).body();
    } catch (AdminException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
    List<T> found = new ArrayList<>();
    try (WireReader in = WireReader.lenient(body, 0, body.length)) {
      in.document(
          name -> {
            if (name.equals(field)) {
              read.apply(in).ifPresent(found::add);
            } else {
              in.skip();
            }
          });
    } catch (WireException e) {
      throw AdminException.sent("GET " + server.server() + route, "bad_answer", e.getMessage());
    }
    return found.stream().findFirst();
  }
}
