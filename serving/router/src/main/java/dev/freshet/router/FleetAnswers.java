package dev.freshet.router;

import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.OrderResult;
import dev.freshet.fleet.ReplicaResult;
import dev.freshet.fleet.ReplicaState;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.fleet.UpdateResult;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/** The answers to weight operations as JSON: a row for each replica, whatever became of it. */
final class FleetAnswers {
  /** Whose client asked for an update, which reads other fields beside the common ones. */
  enum Client {
    FRESHET,
    SGLANG,
    VLLM
  }

  private final ElasticFleet fleet;

  FleetAnswers(ElasticFleet fleet) {
    this.fleet = fleet;
  }

  /** The answer to an update, which is an error's if it was not committed. */
  byte[] update(UpdateResult result, TraceId trace, Client client) {
    List<ReplicaStatus> now = fleet.replicas();
    return WireWriter.object(
        out -> {
          if (result.committed()) {
            out.writeStringProperty("status", "ok");
          } else {
            error(out, new ErrorBody(message(result, now), "update_error", code(result)));
          }
          own(out, client, result);
          number(out, "rpc_ms", result.wallMs());
          out.writeStringProperty("weight_version", Long.toString(result.served()));
          out.writeStringProperty("trace_id", trace.hex());
          if (fleet.isPaused()) {
            out.writeBooleanProperty("paused", true);
            out.writeStringProperty(
                "note", "the fleet stays in the pause of a client: post /resume to end it");
          }
          out.writeObjectPropertyStart("phases");
          phases(out, result.replicas());
          out.writeEndObject();
          rows(out, result, now);
          result
              .blame()
              .ifPresent(
                  blame -> {
                    out.writeObjectPropertyStart("blame");
                    out.writeStringProperty("replica", blame.replica().server().toString());
                    out.writeStringProperty("phase", blame.phase().wireName());
                    number(out, "ms", blame.ms());
                    out.writeEndObject();
                  });
        });
  }

  /** The fields that only clients of one program read. */
  private static void own(JsonGenerator out, Client client, UpdateResult result) {
    switch (client) {
      case FRESHET -> {}
      case SGLANG -> {
        out.writeBooleanProperty("success", result.committed());
        out.writeStringProperty("message", result.toString());
        out.writeNumberProperty("num_paused_requests", 0);
      }
      case VLLM -> {
        out.writeArrayPropertyStart("results");
        for (ReplicaResult row : result.replicas()) {
          if (row.moved()) {
            out.writeNull();
          }
        }
        out.writeEndArray();
      }
    }
  }

  private static String code(UpdateResult result) {
    return result.outcome() == UpdateResult.Outcome.REFUSED
        ? "weights_refused"
        : "update_rolled_back";
  }

  /** What failed, what the fleet serves now, and who must act. */
  private static String message(UpdateResult result, List<ReplicaStatus> now) {
    String others =
        now.stream()
            .filter(status -> status.state() != ReplicaState.SERVING)
            .map(
                status ->
                    "; %s is %s%s"
                        .formatted(
                            status.server(),
                            status.state().wireName(),
                            status.why().map(why -> ": " + why).orElse("")))
            .collect(Collectors.joining());
    return "%s; the fleet serves version %d%s".formatted(result, result.served(), others);
  }

  /** The longest time of each phase over all replicas. */
  private static void phases(JsonGenerator out, List<ReplicaResult> replicas) {
    for (FleetPhase phase : FleetPhase.values()) {
      if (replicas.stream().anyMatch(r -> r.phases().containsKey(phase))) {
        number(
            out,
            phase.wireName() + "_ms",
            replicas.stream().mapToDouble(r -> r.ms(phase)).max().orElse(0));
      }
    }
  }

  private static void rows(JsonGenerator out, UpdateResult result, List<ReplicaStatus> now) {
    out.writeArrayPropertyStart("replicas");
    for (ReplicaResult row : result.replicas()) {
      out.writeStartObject();
      row(out, row);
      now.stream()
          .filter(status -> status.server().equals(row.server().toString()))
          .findFirst()
          .ifPresent(status -> state(out, status));
      out.writeEndObject();
    }
    for (ReplicaStatus status : now) {
      if (result.replicas().stream()
          .noneMatch(row -> row.server().toString().equals(status.server()))) {
        out.writeStartObject();
        out.writeStringProperty("url", status.server());
        out.writeStringProperty("outcome", "not_in_update");
        state(out, status);
        out.writeEndObject();
      }
    }
    out.writeEndArray();
  }

  private static void state(JsonGenerator out, ReplicaStatus status) {
    out.writeStringProperty("state", status.state().wireName());
    status.why().ifPresent(why -> out.writeStringProperty("reason", why));
  }

  /** The fields of what an update did on one replica. */
  static void row(JsonGenerator out, ReplicaResult row) {
    out.writeStringProperty("url", row.server().toString());
    out.writeStringProperty("outcome", row.moved() ? "updated" : "left_out");
    out.writeStringProperty("trace_id", row.trace().hex());
    row.timings().rpcMs().ifPresent(ms -> number(out, "rpc_ms", ms));
    row.timings().queueMs().ifPresent(ms -> number(out, "queue_ms", ms));
    for (FleetPhase phase : FleetPhase.values()) {
      if (row.phases().containsKey(phase)) {
        number(out, phase.wireName() + "_ms", row.ms(phase));
      }
    }
    number(out, "wall_ms", row.wallMs());
    row.failure().ifPresent(why -> out.writeStringProperty("failure", why));
    if (!row.notes().isEmpty()) {
      out.writeArrayPropertyStart("notes");
      row.notes().forEach(out::writeString);
      out.writeEndArray();
    }
  }

  /**
   * The answer to an order that is not an update, which is an error's if a replica has failed.
   *
   * @param status what it says if all have done it
   */
  static byte[] order(OrderResult result, String status) {
    return WireWriter.object(
        out -> {
          if (result.done()) {
            out.writeStringProperty("status", status);
            aborted(result).ifPresent(count -> out.writeNumberProperty("aborted", count));
          } else {
            error(
                out,
                new ErrorBody(
                    failures(result),
                    "upstream_error",
                    result.unsupported() ? "not_implemented" : "partial_failure"));
          }
          out.writeArrayPropertyStart("replicas");
          for (OrderResult.Row row : result.replicas()) {
            out.writeStartObject();
            out.writeStringProperty("url", row.server().toString());
            out.writeStringProperty("outcome", row.failed() ? "failed" : "done");
            row.failure().ifPresent(why -> out.writeStringProperty("failure", why));
            row.note().ifPresent(note -> out.writeStringProperty("note", note));
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }

  private static OptionalLong aborted(OrderResult result) {
    return result.replicas().stream().anyMatch(row -> row.aborted().isPresent())
        ? OptionalLong.of(
            result.replicas().stream().mapToLong(row -> row.aborted().orElse(0L)).sum())
        : OptionalLong.empty();
  }

  private static String failures(OrderResult result) {
    String failed =
        result.replicas().stream()
            .flatMap(row -> row.failure().stream())
            .collect(Collectors.joining("; "));
    return failed + result.consequence().map(what -> "; " + what).orElse("");
  }

  private static void error(JsonGenerator out, ErrorBody error) {
    out.writeObjectPropertyStart("error");
    out.writeStringProperty("message", error.message());
    out.writeStringProperty("type", error.type());
    out.writeStringProperty("code", error.code());
    out.writeEndObject();
  }

  /** The answer to {@code GET /liveness}. */
  static byte[] alive() {
    return WireWriter.object(out -> out.writeStringProperty("status", "alive"));
  }

  /** The answer to {@code GET /is_paused}. */
  static byte[] isPaused(boolean paused) {
    return WireWriter.object(out -> out.writeBooleanProperty("is_paused", paused));
  }

  /** The policy version; of a fleet without weights of its own the oldest that it serves. */
  byte[] weightInfo() {
    return WireWriter.object(
        out -> out.writeStringProperty("weight_version", fleet.weightVersion()));
  }

  /** The answer to a client that has named the weights. */
  static byte[] named(String name) {
    return WireWriter.object(
        out -> {
          out.writeBooleanProperty("success", true);
          out.writeStringProperty("new_version", name);
        });
  }

  /** Adds a time in milliseconds, to the microsecond. */
  static void number(JsonGenerator out, String name, double ms) {
    out.writeNumberProperty(name, Math.round(ms * 1e3) / 1e3);
  }

  /** The row of {@code server} in the last update, if it took part. */
  Optional<ReplicaResult> lastRow(String server) {
    return fleet
        .lastUpdate()
        .flatMap(
            update ->
                update.replicas().stream()
                    .filter(row -> row.server().toString().equals(server))
                    .findFirst());
  }
}
