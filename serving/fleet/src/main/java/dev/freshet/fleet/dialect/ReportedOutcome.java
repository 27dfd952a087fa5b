package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminException;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What a JSON answer with HTTP 200 says of the operation: {@code success} (SGLang, vLLM) or {@code
 * status} (prime-rl, and vLLM's pause), {@code message}, {@code rpc_ms}. HTTP 200 with {@code
 * success: false} means that the operation failed.
 *
 * @param success empty if the answer does not tell
 * @param message why it failed, empty if the answer does not tell
 * @param rpcMs the time that it took on the server in ms, if reported
 */
record ReportedOutcome(Optional<Boolean> success, Optional<String> message, OptionalDouble rpcMs) {
  private static final Set<String> DONE = Set.of("ok", "paused", "resumed", "success");

  /**
   * Reads an answer, which may be empty.
   *
   * @throws AdminException if the answer cannot be read
   */
  static ReportedOutcome of(String route, AdminAnswer answer) {
    var found =
        new Object() {
          Optional<Boolean> success = Optional.empty();
          Optional<String> message = Optional.empty();
          OptionalDouble rpcMs = OptionalDouble.empty();
        };
    if (answer.body().length > 0) {
      try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
        in.document(
            name -> {
              switch (name) {
                case "success" -> found.success = Optional.of(in.bool());
                case "status" -> found.success = Optional.of(DONE.contains(in.text()));
                case "message" -> found.message = in.scalar();
                case "rpc_ms" -> found.rpcMs = OptionalDouble.of(in.number());
                default -> in.skip();
              }
            });
      } catch (WireException e) {
        throw AdminException.sent(route, "bad_answer", e.getMessage());
      }
    }
    return new ReportedOutcome(found.success, found.message, found.rpcMs);
  }

  /**
   * This outcome, if the answer does not say that the operation failed.
   *
   * @param operation in words, for the error of an answer without a message
   * @throws AdminException if it does
   */
  ReportedOutcome orThrow(String route, String operation) {
    if (success.orElse(true)) {
      return this;
    }
    String why = message.orElse("the server reports a failed " + operation + " without a message");
    throw AdminException.answered(route, 200, new ErrorBody(why, "update_failed", "failed"));
  }
}
