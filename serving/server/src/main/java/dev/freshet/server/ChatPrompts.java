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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
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

  /** The contents of the messages one after another, for an engine without a model. */
  static ChatPrompts contents() {
    return new OfTemplate(
        ChatTemplate.of(
            "{% for message in messages %}{{ message.content }}{% endfor %}", Clock.systemUTC()));
  }

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
    /** Ends the content of a message that the model continues. A template may strip its space. */
    private static final String MARK = "FRESHET_END_OF_FINAL_MESSAGE ";

    @Override
    public String render(ChatRequest chat) {
      return chat.continueFinalMessage() ? uptoFinalMessage(chat) : render(chat, chat.messages());
    }

    private String render(ChatRequest chat, List<Map<String, @Nullable Object>> messages) {
      return template
          .render(messages, chat.tools(), chat.addGenerationPrompt(), chat.templateVariables())
          .text();
    }

    /** The prompt up to the end of the last message's content, found by a mark, as transformers. */
    private String uptoFinalMessage(ChatRequest chat) {
      Map<String, @Nullable Object> last = new LinkedHashMap<>(chat.messages().getLast());
      if (!(last.get("content") instanceof String content)) {
        throw uncontinued("a last message with content");
      }
      last.put("content", content + MARK);
      List<Map<String, @Nullable Object>> marked = new ArrayList<>(chat.messages());
      marked.set(marked.size() - 1, last);
      String text = render(chat, marked);
      int at = text.lastIndexOf(MARK.strip());
      if (at < 0) {
        throw uncontinued("a chat template that renders the content of the last message");
      }
      String upto = text.substring(0, at);
      return text.startsWith(MARK, at) ? upto : upto.stripTrailing();
    }

    private static ApiException uncontinued(String expected) {
      return new ApiException(
          ApiError.invalid("invalid_messages", "continue_final_message: expected " + expected));
    }

    @Override
    public String toolTemplate() {
      return template.toolSource();
    }
  }
}
