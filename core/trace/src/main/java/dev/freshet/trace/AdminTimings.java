package dev.freshet.trace;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Where the time of one admin call went, as its client sees it. All durations are milliseconds.
 * From client.send to client.done it is {@code connect + accept + handler + rpc + answer}; where
 * client and server cannot compare their clocks, accept and answer are known together alone, as
 * {@link #transferMs}.
 *
 * @param trace the id of the call
 * @param op {@code update_weights}, {@code reload_weights}, …
 * @param url what was called
 * @param wallMs client.send to client.done
 * @param connectMs client.send to the connection being established
 * @param acceptMs the connection being established to server.recv: accept queue, network, and the
 *     server's event loop coming round to it
 * @param handlerMs server.recv to rpc.start, as the server reports it
 * @param rpcMs rpc.start to rpc.done, as the server reports it; empty if the server does not
 * @param answerMs rpc.done to client.done
 * @param stallMs how long decoding was held between two steps, as the server reports it
 * @param phases parts of {@code rpcMs} by name, as the server reports them, in its order
 */
public record AdminTimings(
    TraceId trace,
    String op,
    String url,
    double wallMs,
    double connectMs,
    OptionalDouble acceptMs,
    OptionalDouble handlerMs,
    OptionalDouble rpcMs,
    OptionalDouble answerMs,
    OptionalDouble stallMs,
    Map<String, Double> phases) {

  public AdminTimings {
    phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
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
