package dev.freshet.fleet;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * What became of a client's order that is not an update, on each replica that it was sent to.
 *
 * @param done whether every one has carried it out
 * @param consequence what state the fleet is in if not, and who must act
 */
public record OrderResult(List<Row> replicas, boolean done, Optional<String> consequence) {
  /**
   * One replica.
   *
   * @param server the root of its admin listener
   * @param failure why it did not carry the order out
   * @param note why it had nothing to do
   * @param status of its answer, if it was an error; 0 if there was no answer
   * @param aborted how many completions it has ended, if it says so
   */
  public record Row(
      URI server,
      String dialect,
      Optional<String> failure,
      Optional<String> note,
      int status,
      Optional<Long> aborted) {
    public boolean failed() {
      return failure.isPresent();
    }
  }

  public OrderResult {
    replicas = List.copyOf(replicas);
  }

  /** Whether the only failures are of programs that do not have the route. */
  public boolean unsupported() {
    return !done && replicas.stream().filter(Row::failed).allMatch(row -> row.status() == 404);
  }
}
