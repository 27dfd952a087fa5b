package dev.freshet.client;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.HostClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.WeightsAnswer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A weight operation of a Freshet server: one post, whose answer has the server's parts of the
 * time. The parts between client and server are known where both read the clock of one host.
 *
 * @param op how the log names it; its route has the same name
 * @param body of the post
 */
record FreshetOperation(String op, byte[] body) implements LaneOperation {
  /** The name of the operation in the log. */
  Named named(Optional<String> checkpoint) {
    return new Named(op, route(), checkpoint);
  }

  private String route() {
    return "/" + op;
  }

  @Override
  public AdminResult carryOut(Lane lane) {
    AdminAnswer answer = lane.post(route(), body, lane.left());
    WeightsAnswer weights = WeightsAnswer.parse(answer.body());
    return new AdminResult(
        new AdminTimings(
            lane.trace(), op, lane.url(route()), times(lane.sentNanos(), answer, weights)),
        weights.weightVersion(),
        weights.preparedVersion(),
        List.of());
  }

  private static PartTimes times(long sentNanos, AdminAnswer answer, WeightsAnswer weights) {
    Optional<WeightsAnswer.ServerClock> server =
        weights.clock().filter(clock -> HostClock.id().equals(Optional.of(clock.id())));
    double connected = answer.connectedNanos() / 1e6;
    double answered = answer.answeredNanos() / 1e6;
    return PartTimes.NONE
        .with(UpdatePart.WALL, answered - sentNanos / 1e6)
        .with(UpdatePart.CONNECT, connected - sentNanos / 1e6)
        .with(UpdatePart.ACCEPT, millis(server.map(clock -> clock.recvSeconds() * 1e3 - connected)))
        .with(UpdatePart.ANSWER, millis(server.map(clock -> answered - clock.doneSeconds() * 1e3)))
        .with(weights.times());
  }

  private static OptionalDouble millis(Optional<Double> value) {
    return value.stream().mapToDouble(Double::doubleValue).findFirst();
  }
}
