package dev.freshet.trace;

import java.util.OptionalDouble;

/**
 * Where the time of one admin call went, as its client sees it. From client.send to client.done it
 * is {@code connect + accept + handler + rpc + answer}. Where client and server cannot compare
 * their clocks, accept and answer are known only together, as {@link UpdatePart#TRANSFER}.
 *
 * @param trace the id of the call
 * @param op {@code update_weights}, {@code reload_weights}, …
 * @param url what was called
 * @param measured the parts that client and server measured, {@link UpdatePart#WALL} and {@link
 *     UpdatePart#CONNECT} among them
 */
public record AdminTimings(TraceId trace, String op, String url, PartTimes measured) {

  /** How long a part took, in milliseconds, if it was measured or follows from others. */
  public OptionalDouble ms(UpdatePart part) {
    return switch (part) {
      case QUEUE -> queueMs();
      case TRANSFER -> transferMs();
      default -> measured.ms(part);
    };
  }

  /** All parts that are known: those of {@link UpdatePart} that are no phases, then the phases. */
  public PartTimes parts() {
    PartTimes parts = PartTimes.NONE;
    for (UpdatePart part : UpdatePart.values()) {
      if (!part.isPhase()) {
        parts = parts.with(part, ms(part));
      }
    }
    return parts.with(measured);
  }

  /** The phases of the work on it, as reported, those of unknown names included. */
  public PartTimes phases() {
    return measured.phases();
  }

  /** client.send to client.done. */
  public double wallMs() {
    return measured.ms(UpdatePart.WALL).orElse(Double.NaN);
  }

  /** rpc.start to rpc.done, if the server reports it. */
  public OptionalDouble rpcMs() {
    return measured.ms(UpdatePart.RPC);
  }

  /** How long decoding was held between two steps, if the server reports it. */
  public OptionalDouble stallMs() {
    return measured.ms(UpdatePart.STALL);
  }

  /** {@code wallMs − rpcMs}: all that is not the engine's own work. */
  public OptionalDouble queueMs() {
    return rpcMs().isPresent()
        ? OptionalDouble.of(wallMs() - rpcMs().getAsDouble())
        : OptionalDouble.empty();
  }

  /**
   * What is left of the queue time after connecting and the server's handler: accept queue, network
   * and answer.
   */
  private OptionalDouble transferMs() {
    OptionalDouble handler = measured.ms(UpdatePart.HANDLER);
    OptionalDouble connect = measured.ms(UpdatePart.CONNECT);
    return rpcMs().isPresent() && handler.isPresent() && connect.isPresent()
        ? OptionalDouble.of(
            wallMs() - connect.getAsDouble() - rpcMs().getAsDouble() - handler.getAsDouble())
        : OptionalDouble.empty();
  }
}
