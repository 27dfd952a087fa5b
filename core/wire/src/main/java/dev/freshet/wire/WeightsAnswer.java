package dev.freshet.wire;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The answer to {@code POST /update_weights} and {@code POST /reload_weights}: {@code
 * {"status":"ok", "rpc_ms", "handler_ms", "stall_ms", "weight_version", "prepared_version",
 * "trace_id", "phases":{…}, "clock":{"id","recv_t","done_t"}}}.
 *
 * @param weightVersion the version now serving
 * @param preparedVersion the version that is prepared and not committed, if there is one
 * @param traceId the id under which the server logged the call
 * @param rpcMs rpc.start to rpc.done in milliseconds, if the server says
 * @param handlerMs the request's first byte to rpc.start in milliseconds, if the server says
 * @param stallMs how long decoding was held between two steps in milliseconds, if the server says
 * @param phases parts of {@code rpcMs} in milliseconds, by name
 * @param clock when the server saw the request come and the operation end, if it says
 */
public record WeightsAnswer(
    String weightVersion,
    Optional<String> preparedVersion,
    String traceId,
    OptionalDouble rpcMs,
    OptionalDouble handlerMs,
    OptionalDouble stallMs,
    Map<String, Double> phases,
    Optional<ServerClock> clock) {

  /**
   * Readings of the server's monotonic clock.
   *
   * @param id names the clock; readings of clocks with the same id may be compared
   * @param recvSeconds server.recv
   * @param doneSeconds rpc.done
   */
  public record ServerClock(String id, double recvSeconds, double doneSeconds) {}

  public WeightsAnswer {
    phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
  }

  /**
   * Reads an answer; fields it does not know are passed over.
   *
   * @throws WireException if it does not say that all went well, or lacks the version
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
        version,
        fields.prepared,
        fields.traceId,
        fields.rpcMs,
        fields.handlerMs,
        fields.stallMs,
        fields.phases,
        fields.clock());
  }

  private static final class Fields {
    private String status = "";
    private Optional<String> version = Optional.empty();
    private Optional<String> prepared = Optional.empty();
    private String traceId = "";
    private OptionalDouble rpcMs = OptionalDouble.empty();
    private OptionalDouble handlerMs = OptionalDouble.empty();
    private OptionalDouble stallMs = OptionalDouble.empty();
    private final Map<String, Double> phases = new LinkedHashMap<>();
    private Optional<String> clockId = Optional.empty();
    private OptionalDouble recvSeconds = OptionalDouble.empty();
    private OptionalDouble doneSeconds = OptionalDouble.empty();

    void read(WireReader in, String name) {
      switch (name) {
        case "status" -> status = in.text();
        case "weight_version" -> version = in.scalar();
        case "prepared_version" -> prepared = in.scalar();
        case "trace_id" -> traceId = in.text();
        case "rpc_ms" -> rpcMs = OptionalDouble.of(in.number());
        case "handler_ms" -> handlerMs = OptionalDouble.of(in.number());
        case "stall_ms" -> stallMs = OptionalDouble.of(in.number());
        case "phases" -> in.fields(phase -> phases.put(phase, in.number()));
        case "clock" -> in.fields(field -> readClock(in, field));
        default -> in.skip();
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

  /** The answer, UTF-8; durations with three decimals, clock readings with six. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("status", "ok");
          rpcMs.ifPresent(ms -> out.writeNumberProperty("rpc_ms", micros(ms)));
          handlerMs.ifPresent(ms -> out.writeNumberProperty("handler_ms", micros(ms)));
          stallMs.ifPresent(ms -> out.writeNumberProperty("stall_ms", micros(ms)));
          out.writeStringProperty("weight_version", weightVersion);
          preparedVersion.ifPresent(
              version -> out.writeStringProperty("prepared_version", version));
          out.writeStringProperty("trace_id", traceId);
          out.writeObjectPropertyStart("phases");
          phases.forEach((phase, ms) -> out.writeNumberProperty(phase, micros(ms)));
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
