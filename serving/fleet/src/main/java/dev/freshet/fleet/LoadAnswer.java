package dev.freshet.fleet;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminException;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.OptionalDouble;

/**
 * The JSON answer of a server that loaded weights: {@code success} (SGLang) or {@code status}
 * (prime-rl), {@code message}, {@code rpc_ms}. HTTP 200 with {@code success: false} is a failure.
 */
final class LoadAnswer {
  private boolean success = true;
  private String message = "the server reports a failed load without a message";
  private OptionalDouble rpcMs = OptionalDouble.empty();

  private LoadAnswer() {}

  /**
   * The time that the load took on the server in ms, if the answer reports it.
   *
   * @throws AdminException if the answer says that the load failed, or cannot be read
   */
  static OptionalDouble rpcMs(String route, AdminAnswer answer) {
    if (answer.body().length == 0) {
      return OptionalDouble.empty();
    }
    LoadAnswer parsed = new LoadAnswer();
    try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
      in.document(name -> parsed.read(name, in));
    } catch (WireException e) {
      throw AdminException.sent(route, "bad_answer", e.getMessage());
    }
    if (!parsed.success) {
      throw AdminException.answered(
          route, answer.status(), new ErrorBody(parsed.message, "update_failed", "failed"));
    }
    return parsed.rpcMs;
  }

  private void read(String name, WireReader in) {
    switch (name) {
      case "success" -> success = in.bool();
      case "status" -> success = in.text().equals("ok");
      case "message" -> message = in.scalar().orElse(message);
      case "rpc_ms" -> rpcMs = OptionalDouble.of(in.number());
      default -> in.skip();
    }
  }
}
