package dev.freshet.server;

import dev.freshet.engine.EngineException;
import dev.freshet.http.ApiError;
import dev.freshet.text.TokenizerException;
import dev.freshet.text.template.TemplateException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Maps errors of the engine, the tokenizer and the chat template to HTTP errors. */
final class ServerErrors {
  private static final Logger LOG = LoggerFactory.getLogger(ServerErrors.class);

  private ServerErrors() {}

  /** The answer to a request that failed with {@code error}. Unexpected errors are logged. */
  static ApiError of(Throwable error) {
    return switch (error) {
      case TokenizerException e -> ApiError.invalid("invalid_prompt", ApiError.message(e));
      case TemplateException e ->
          ApiError.invalid(
              e.kind() == TemplateException.Kind.SOURCE ? "no_chat_template" : "invalid_messages",
              "messages: " + ApiError.message(e));
      case EngineException e ->
          switch (e.kind()) {
            case INVALID -> ApiError.invalid("invalid_request", ApiError.message(e));
            case NOT_FOUND -> ApiError.notFound("not_found", ApiError.message(e));
            case CONFLICT -> ApiError.conflict(ApiError.message(e));
            case OVERLOADED -> ApiError.unavailable("overloaded", ApiError.message(e));
            case FAILED -> ApiError.unavailable("engine_failed", ApiError.message(e));
            case INTERNAL -> {
              LOG.error("the engine failed", e);
              yield ApiError.internal(ApiError.message(e));
            }
          };
      default -> ApiError.of(error);
    };
  }
}
