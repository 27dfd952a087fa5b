package dev.freshet.client;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The answer to {@code POST /update_weights} and {@code POST /reload_weights}: {@code
 * {"status":"ok", "rpc_ms", "handler_ms", "weight_version", "trace_id", "phases":{…}}}.
 *
 * @param weightVersion the version now serving
 * @param traceId the id under which the server logged the call
 * @param rpcMs rpc.start to rpc.done in milliseconds, if the server says
 * @param handlerMs the request's first byte to rpc.start in milliseconds, if the server says
 * @param phases parts of {@code rpcMs} in milliseconds, by name
 */
public record WeightsAnswer(
    String weightVersion,
    String traceId,
    OptionalDouble rpcMs,
    OptionalDouble handlerMs,
    Map<String, Double> phases) {
  public WeightsAnswer {
    phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
  }

  /**
   * Reads an answer; fields it does not know are passed over.
   *
   * @throws WireException if it does not say that all went well, or lacks the version
   */
  public static WeightsAnswer parse(byte[] json) {
    var fields =
        new Object() {
          String status = "";
          Optional<String> version = Optional.empty();
          String traceId = "";
          OptionalDouble rpcMs = OptionalDouble.empty();
          OptionalDouble handlerMs = OptionalDouble.empty();
          final Map<String, Double> phases = new LinkedHashMap<>();
        };
    try (WireReader in = WireReader.lenient(json, 0, json.length)) {
      in.document(
          name -> {
            switch (name) {
              case "status" -> fields.status = in.text();
              case "weight_version" -> fields.version = in.scalar();
              case "trace_id" -> fields.traceId = in.text();
              case "rpc_ms" -> fields.rpcMs = OptionalDouble.of(in.number());
              case "handler_ms" -> fields.handlerMs = OptionalDouble.of(in.number());
              case "phases" -> in.fields(phase -> fields.phases.put(phase, in.number()));
              default -> in.skip();
            }
          });
    }
    if (!fields.status.equals("ok")) {
      throw new WireException("status: expected \"ok\", got \"%s\"".formatted(fields.status));
    }
    String version =
        fields.version.orElseThrow(
            () -> new WireException("weight_version: expected a version, got nothing"));
    return new WeightsAnswer(
        version, fields.traceId, fields.rpcMs, fields.handlerMs, fields.phases);
  }

  /** The answer, UTF-8; durations with three decimals. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("status", "ok");
          rpcMs.ifPresent(ms -> out.writeNumberProperty("rpc_ms", micros(ms)));
          handlerMs.ifPresent(ms -> out.writeNumberProperty("handler_ms", micros(ms)));
          out.writeStringProperty("weight_version", weightVersion);
          out.writeStringProperty("trace_id", traceId);
          out.writeObjectPropertyStart("phases");
          phases.forEach((phase, ms) -> out.writeNumberProperty(phase, micros(ms)));
          out.writeEndObject();
        });
  }

  private static double micros(double ms) {
    return Math.round(ms * 1000) / 1000.0;
  }
}
