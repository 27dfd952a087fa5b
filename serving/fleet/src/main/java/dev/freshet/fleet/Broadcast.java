package dev.freshet.fleet;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminException;
import dev.freshet.fleet.OrderResult.Row;
import dev.freshet.fleet.dialect.Controls;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** Sends one order to several replicas at once and reads what each says of it. */
final class Broadcast {
  /** The call of a program. */
  interface Choice extends Function<Controls, Controls.Call> {}

  private final Parallel parallel;
  private final PhaseDeadlines deadlines;

  Broadcast(Parallel parallel, PhaseDeadlines deadlines) {
    this.parallel = parallel;
    this.deadlines = deadlines;
  }

  /**
   * @throws OrderException if a program of the replicas has no such order, naming each
   */
  void requireSupported(List<Replica> replicas, Choice choice) {
    List<String> reasons =
        replicas.stream()
            .flatMap(
                r ->
                    choice.apply(r.dialect().controls())
                            instanceof Controls.Call.Unsupported(String why)
                        ? Optional.of("%s (%s): %s".formatted(r.url(), r.dialect().name(), why))
                            .stream()
                        : Optional.<String>empty().stream())
            .toList();
    if (!reasons.isEmpty()) {
      throw new OrderException(
          OrderException.Kind.UNSUPPORTED,
          "not carried out on any replica: " + String.join("; ", reasons));
    }
  }

  /**
   * Sends it to all at once and waits for their answers.
   *
   * @return a row for each, in the order of {@code replicas}
   */
  List<Row> send(List<Replica> replicas, Choice choice, String what) {
    Map<Replica, Row> rows = new ConcurrentHashMap<>();
    each(replicas, r -> rows.put(r, sent(r, choice.apply(r.dialect().controls()))), what);
    return replicas.stream().map(r -> Objects.requireNonNull(rows.get(r))).toList();
  }

  /** Does {@code work}, which is part of {@code what}, for all at once. */
  void each(List<Replica> replicas, Consumer<Replica> work, String what) {
    try {
      parallel.forEach(replicas, work);
    } catch (InterruptedException e) {
      throw new OrderException(
          OrderException.Kind.INTERRUPTED,
          "%s: the fleet was closed before every replica had answered".formatted(what));
    }
  }

  private Row sent(Replica replica, Controls.Call call) {
    return switch (call) {
      case Controls.Call.Post(String path, byte[] body) -> {
        try {
          yield answered(
              replica,
              path,
              replica.client().post(path, body, TraceId.random(), deadlines.pause()));
        } catch (AdminException e) {
          yield row(replica, Optional.of(OneLine.of(e)), e.status(), Optional.empty());
        }
      }
      case Controls.Call.Unneeded(String why) ->
          new Row(
              replica.client().server(),
              replica.dialect().name(),
              Optional.empty(),
              Optional.of(why),
              0,
              Optional.empty());
      case Controls.Call.Unsupported(String why) ->
          row(replica, Optional.of(why), 404, Optional.empty());
    };
  }

  /** An answer that is not JSON, such as vLLM's to a load of an adapter, says nothing more. */
  private static Row answered(Replica replica, String path, AdminAnswer answer) {
    var found =
        new Object() {
          boolean success = true;
          Optional<String> message = Optional.empty();
          Optional<Long> aborted = Optional.empty();
        };
    try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
      in.document(
          name -> {
            switch (name) {
              case "success" -> found.success = in.bool();
              case "message" -> found.message = in.scalar();
              case "aborted" -> found.aborted = Optional.of(in.longInteger());
              default -> in.skip();
            }
          });
    } catch (WireException e) {
      return row(replica, Optional.empty(), 0, Optional.empty());
    }
    return found.success
        ? row(replica, Optional.empty(), 0, found.aborted)
        : row(
            replica,
            Optional.of(
                "%s%s: success is false: %s"
                    .formatted(replica.url(), path, found.message.orElse("no message"))),
            answer.status(),
            Optional.empty());
  }

  private static Row row(
      Replica replica, Optional<String> failure, int status, Optional<Long> aborted) {
    return new Row(
        replica.client().server(),
        replica.dialect().name(),
        failure,
        Optional.empty(),
        status,
        aborted);
  }
}
