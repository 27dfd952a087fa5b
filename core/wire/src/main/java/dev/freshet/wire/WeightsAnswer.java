package dev.freshet.wire;

import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The answer to {@code POST /update_weights} and {@code POST /reload_weights}: {@code
 * {"status":"ok", "rpc_ms", "handler_ms", "stall_ms", "weight_version", "prepared_version",
 * "trace_id", "phases":{…}, "clock":{"id","recv_t","done_t"}}}.
 *
 * @param weightVersion the version now serving
 * @param preparedVersion the version that is prepared but not committed, if there is one
 * @param traceId the id under which the server logged the call
 * @param times the parts that the server measured: rpc, handler, stall and the phases of the rpc
 * @param clock when the server received the request and ended the operation, if reported
 */
public record WeightsAnswer(
    String weightVersion,
    Optional<String> preparedVersion,
    String traceId,
    PartTimes times,
    Optional<ServerClock> clock) {

  /**
   * Readings of the server's monotonic clock.
   *
   * @param id the clock; readings of clocks with the same id can be compared
   * @param recvSeconds server.recv
   * @param doneSeconds rpc.done
   */
  public record ServerClock(String id, double recvSeconds, double doneSeconds) {}

  /**
   * Parses an answer; unknown fields are skipped.
   *
   * @throws WireException if the status is not {@code ok}, or the version is missing
   */
  public static WeightsAnswer parse(byte[] json) {
    Fields fields = new Fields();
    try (WireReader in = WireReader.lenient(json, 0, json.length)) {
      in.document(name -> fields.read(in, name));
    }
    if (!fields.status.equals("ok")) {
      throw new WireException("status: expected \"ok\", got \"%s\"".formatted(fields.status));
    }
    String version =
        fields.version.orElseThrow(
            () -> new WireException("weight_version: expected a version, got nothing"));
    return new WeightsAnswer(
        version, fields.prepared, fields.traceId, fields.times, fields.clock());
  }

  private static final class Fields {
    private String status = "";
    private Optional<String> version = Optional.empty();
    private Optional<String> prepared = Optional.empty();
    private String traceId = "";
    private PartTimes times = PartTimes.NONE;
    private Optional<String> clockId = Optional.empty();
    private OptionalDouble recvSeconds = OptionalDouble.empty();
    private OptionalDouble doneSeconds = OptionalDouble.empty();

    void read(WireReader in, String name) {
      switch (name) {
        case "status" -> status = in.text();
        case "weight_version" -> version = in.scalar();
        case "prepared_version" -> prepared = in.scalar();
        case "trace_id" -> traceId = in.text();
        case "phases" -> in.fields(phase -> readPhase(in, phase));
        case "clock" -> in.fields(field -> readClock(in, field));
        default -> readTime(in, name);
      }
    }

    private void readPhase(WireReader in, String name) {
      if (UpdatePart.of(name).map(UpdatePart::isPhase).orElse(true)) {
        times = times.with(name, in.number());
      } else {
        in.skip();
      }
    }

    private void readTime(WireReader in, String name) {
      if (UpdatePart.of(name).filter(part -> !part.isPhase()).isPresent()) {
        times = times.with(name, in.number());
      } else {
        in.skip();
      }
    }

    private void readClock(WireReader in, String name) {
      switch (name) {
        case "id" -> clockId = in.scalar();
        case "recv_t" -> recvSeconds = OptionalDouble.of(in.number());
        case "done_t" -> doneSeconds = OptionalDouble.of(in.number());
        default -> in.skip();
      }
    }

    Optional<ServerClock> clock() {
      return clockId.isPresent() && recvSeconds.isPresent() && doneSeconds.isPresent()
          ? Optional.of(
              new ServerClock(clockId.get(), recvSeconds.getAsDouble(), doneSeconds.getAsDouble()))
          : Optional.empty();
    }
  }

  /** The JSON, UTF-8; durations with three decimals, clock readings with six. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("status", "ok");
          times.totals().forEach((name, ms) -> out.writeNumberProperty(name, micros(ms)));
          out.writeStringProperty("weight_version", weightVersion);
          preparedVersion.ifPresent(
              version -> out.writeStringProperty("prepared_version", version));
          out.writeStringProperty("trace_id", traceId);
          out.writeObjectPropertyStart("phases");
          times.phases().forEach((phase, ms) -> out.writeNumberProperty(phase, micros(ms)));
          out.writeEndObject();
          clock.ifPresent(
              readings -> {
                out.writeObjectPropertyStart("clock");
                out.writeStringProperty("id", readings.id());
                out.writeNumberProperty("recv_t", seconds(readings.recvSeconds()));
                out.writeNumberProperty("done_t", seconds(readings.doneSeconds()));
                out.writeEndObject();
              });
        });
  }

  private static double micros(double ms) {
    return Math.round(ms * 1000) / 1000.0;
  }

  private static BigDecimal seconds(double reading) {
    return BigDecimal.valueOf(reading).setScale(6, RoundingMode.HALF_UP);
  }
}
