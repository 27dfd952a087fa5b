package dev.freshet.trace;

import java.util.Map;
import java.util.OptionalDouble;

/**
 * Where the time of one admin call went, as its client sees it. All durations are milliseconds.
 *
 * @param trace the id of the call
 * @param op {@code update_weights}, {@code reload_weights}, …
 * @param url what was called
 * @param wallMs client.send to client.done
 * @param connectMs client.send to the connection being established
 * @param rpcMs rpc.start to rpc.done, as the server reports it; empty if the server does not
 * @param handlerMs the request's first byte at the server to rpc.start, as the server reports it
 * @param phases parts of {@code rpcMs} by name, as the server reports them
 */
public record AdminTimings(
    TraceId trace,
    String op,
    String url,
    double wallMs,
    double connectMs,
    OptionalDouble rpcMs,
    OptionalDouble handlerMs,
    Map<String, Double> phases) {

  public AdminTimings {
    phases = Map.copyOf(phases);
  }

  /** {@code wallMs − rpcMs}: all that is not the engine's own work. */
  public OptionalDouble queueMs() {
    return rpcMs.isPresent()
        ? OptionalDouble.of(wallMs - rpcMs.getAsDouble())
        : OptionalDouble.empty();
  }

  /**
   * What is left of the queue time after connecting and the server's handler: accept queue, network
   * and answer.
   */
  public OptionalDouble transferMs() {
    return rpcMs.isPresent() && handlerMs.isPresent()
        ? OptionalDouble.of(wallMs - connectMs - rpcMs.getAsDouble() - handlerMs.getAsDouble())
        : OptionalDouble.empty();
  }
}
