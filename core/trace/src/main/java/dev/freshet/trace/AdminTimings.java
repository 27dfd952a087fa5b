package dev.freshet.trace;

import java.util.OptionalDouble;

/**
 * Where the time of one admin call went, as its client measured it. The time from client.send to
 * client.done is {@code connect + accept + handler + rpc + answer}. If the clocks of client and
 * server cannot be compared, accept and answer are known only as their sum, {@link
 * UpdatePart#TRANSFER}.
 *
 * @param trace the id of the call
 * @param op {@code update_weights}, {@code reload_weights}, …
 * @param url the URL called
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

  /** All known parts: those of {@link UpdatePart} that are not phases, then the phases. */
  public PartTimes parts() {
    PartTimes parts = PartTimes.NONE;
    for (UpdatePart part : UpdatePart.values()) {
      if (!part.isPhase()) {
        parts = parts.with(part, ms(part));
      }
    }
    return parts.with(measured);
  }

  /** The phases of the work as reported, including those with unknown names. */
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

  /** {@code wallMs − rpcMs}: everything that is not the engine's work. */
  public OptionalDouble queueMs() {
    return rpcMs().isPresent()
        ? OptionalDouble.of(wallMs() - rpcMs().getAsDouble())
        : OptionalDouble.empty();
  }

  /**
   * The queue time without connecting and without the server's handler: accept queue, network and
   * answer.
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
