package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The workers behind Dynamo's discovery address, as {@code GET /v1/rl/workers} lists them now, and
 * calls to all of them at once. A call to all has the outcome that all have; where outcomes differ,
 * it is unclear.
 */
final class DynamoWorkers {
  private static final String LIST = "/v1/rl/workers";
  private static final int PROTOCOL = 1;
  private static final List<String> ROUTES =
      List.of(
          "pause_generation",
          "update_weights_from_disk",
          "get_weight_version",
          "resume_generation");

  private final AdminClient discovery;
  private final List<URI> workers;

  private DynamoWorkers(AdminClient discovery, List<URI> workers) {
    this.discovery = discovery;
    this.workers = workers;
  }

  /**
   * Asks which workers there are.
   *
   * @throws AdminException if they cannot be asked for, there is none, or one cannot be updated
   */
  static DynamoWorkers of(AdminClient discovery) {
    String call = "GET " + discovery.server() + LIST;
    byte[] body = discovery.get(LIST).body();
    List<URI> found = new ArrayList<>();
    var protocol =
        new Object() {
          int version = -1;
        };
    try (WireReader in = WireReader.lenient(body, 0, body.length)) {
      in.document(
          name -> {
            switch (name) {
              case "protocol_version" -> protocol.version = in.integer();
              case "workers" -> in.elements(() -> found.add(worker(in)));
              default -> in.skip();
            }
          });
      if (protocol.version != PROTOCOL) {
        throw new WireException(
            "protocol_version: expected %d, got %d".formatted(PROTOCOL, protocol.version));
      }
    } catch (WireException e) {
      throw AdminException.sent(call, "bad_answer", e.getMessage());
    }
    if (found.isEmpty()) {
      throw AdminException.notSent(
          call, "unreachable", "no workers, expected at least one: start them with DYN_ENABLE_RL");
    }
    return new DynamoWorkers(discovery, List.copyOf(found));
  }

  private static URI worker(WireReader in) {
    var found =
        new Object() {
          Optional<String> url = Optional.empty();
          Optional<List<String>> routes = Optional.empty();
        };
    in.fields(
        name -> {
          switch (name) {
            case "system_url" -> found.url = in.scalar();
            case "routes" -> {
              List<String> routes = new ArrayList<>();
              in.elements(() -> in.scalar().ifPresent(routes::add));
              found.routes = Optional.of(routes);
            }
            default -> in.skip();
          }
        });
    String url =
        found.url.orElseThrow(() -> new WireException("system_url: expected one of every worker"));
    List<String> missing =
        ROUTES.stream()
            .filter(
                route ->
                    found.routes.isPresent()
                        && found.routes.get().stream().noneMatch(r -> r.endsWith(route)))
            .toList();
    if (!missing.isEmpty()) {
      throw new WireException(
          "worker %s: expected the routes %s, without which it cannot be updated"
              .formatted(url, String.join(", ", missing)));
    }
    return root(url);
  }

  private static URI root(String url) {
    try {
      URI parsed = new URI(url);
      String path = parsed.getRawPath();
      if ("http".equals(parsed.getScheme())
          && parsed.getHost() != null
          && (path == null || path.matches("/?"))
          && parsed.getRawQuery() == null) {
        return parsed;
      }
    } catch (URISyntaxException e) {
      // Refused below, as any other text that is not such a URL.
    }
    throw new WireException("system_url: expected http://HOST:PORT, got '%s'".formatted(url));
  }

  /** How many there are. */
  int count() {
    return workers.size();
  }

  /**
   * Posts to every worker.
   *
   * @param operation in words, for an error without a message
   * @return the answers, in the order of the workers
   * @throws AdminException if one fails
   */
  List<AdminAnswer> post(
      String path, byte[] body, TraceId trace, Duration deadline, String operation) {
    return all(
        "POST " + discovery.server() + " workers" + path,
        worker -> {
          AdminAnswer answer = worker.post(path, body, trace, deadline);
          String route = "POST " + worker.server() + path;
          var _ = ReportedOutcome.of(route, answer).orThrow(route, operation);
          return answer;
        });
  }

  /** Asks whether every worker answers anything. */
  void greet() {
    var _ =
        all(
            "GET " + discovery.server() + " workers/health",
            worker -> {
              var _ = worker.health();
              return Optional.empty();
            });
  }

  private <T> List<T> all(String what, Function<AdminClient, T> call) {
    List<AdminClient> clients = workers.stream().map(discovery::branch).toList();
    List<T> answers = new ArrayList<>();
    List<AdminException> failures = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("freshet-dynamo-", 0).daemon().factory())) {
      List<Future<T>> running =
          clients.stream().map(client -> threads.submit(() -> call.apply(client))).toList();
      for (Future<T> one : running) {
        try {
          answers.add(one.get());
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof AdminException failure)) {
            throw new IllegalStateException(what, e);
          }
          failures.add(failure);
        } catch (InterruptedException e) {
          clients.forEach(AdminClient::close);
          Thread.currentThread().interrupt();
          throw AdminException.sent(what, "interrupted", "interrupted while waiting for workers");
        }
      }
    } finally {
      clients.forEach(AdminClient::close);
    }
    if (failures.isEmpty()) {
      return answers;
    }
    throw together(what, failures);
  }

  private AdminException together(String what, List<AdminException> failures) {
    String message =
        "%d of %d workers failed: %s"
            .formatted(
                failures.size(),
                workers.size(),
                failures.stream().map(Throwable::getMessage).collect(Collectors.joining("; ")));
    boolean all = failures.size() == workers.size();
    if (failures.stream().anyMatch(e -> e.status() == 0 && !e.neverHandled())) {
      return AdminException.sent(what, "closed", message);
    }
    if (all && failures.stream().allMatch(AdminException::neverHandled)) {
      return AdminException.notSent(what, "unreachable", message);
    }
    boolean refused = all && failures.stream().allMatch(e -> e.status() / 100 == 4);
    int status = refused ? failures.getFirst().status() : 500;
    return AdminException.answered(what, status, new ErrorBody(message, "workers", "failed"));
  }
}
