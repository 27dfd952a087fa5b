package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.text.template.ChatTemplate;
import dev.freshet.text.template.TemplateException;
import dev.freshet.wire.ChatRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renders the messages of a chat to the text that the model continues. Thread-safe. */
@FunctionalInterface
public interface ChatPrompts {
  /** Those of a model without a chat template: every chat is refused. */
  ChatPrompts NONE =
      _ -> {
        throw new ApiException(
            ApiError.invalid(
                "no_chat_template",
                "the model has no chat template (chat_template.jinja, or chat_template in"
                    + " tokenizer_config.json): expected a request to /v1/completions"));
      };

  /**
   * The prompt's text.
   *
   * @throws ApiException if the chat template refuses the messages
   */
  String render(ChatRequest chat);

  /** The source of the template that renders chats with tools; empty if there is none. */
  default String toolTemplate() {
    return "";
  }

  /**
   * Those of the checkpoint in a directory. A template that cannot be read does not keep the model
   * from completing texts: every chat is refused with the reason.
   */
  static ChatPrompts in(Path dir) {
    Logger log = LoggerFactory.getLogger(ChatPrompts.class);
    try {
      Optional<ChatTemplate> template =
          ChatTemplate.inDirectory(dir, Clock.system(ZoneId.systemDefault()));
      return template.<ChatPrompts>map(OfTemplate::new).orElse(NONE);
    } catch (TemplateException e) {
      log.warn("{}: chats are refused: {}", dir, e.getMessage());
      return _ -> {
        throw e;
      };
    } catch (IOException e) {
      log.warn("{}: chats are refused: the chat template cannot be read", dir, e);
      return NONE;
    }
  }

  /** Those of a chat template. */
  record OfTemplate(ChatTemplate template) implements ChatPrompts {
    @Override
    public String render(ChatRequest chat) {
      return template
          .render(
              chat.messages(), chat.tools(), chat.addGenerationPrompt(), chat.templateVariables())
          .text();
    }

    @Override
    public String toolTemplate() {
      return template.toolSource();
    }
  }
}
