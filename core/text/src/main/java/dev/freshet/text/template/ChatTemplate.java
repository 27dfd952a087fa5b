package dev.freshet.text.template;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The chat template of a checkpoint: turns messages and tools into a prompt, with the text that
 * transformers makes of them. What the template uses and this interpreter does not support is an
 * error that names it, never another prompt. Compiled once, rendered by many threads at once.
 * Errors are {@link TemplateException}s; a rendering is bounded by {@link Limits}, so that a
 * template need not be trusted.
 */
public final class ChatTemplate {
  private static final String DEFAULT = "default";
  private static final String TOOL_USE = "tool_use";

  private final Map<String, Template> named;
  private final String toolSource;
  private final Map<String, String> specialTokens;
  private final Clock clock;
  private final Limits limits;

  private ChatTemplate(
      Map<String, Template> named,
      String toolSource,
      Map<String, String> specialTokens,
      Clock clock,
      Limits limits) {
    this.named = named;
    this.toolSource = toolSource;
    this.specialTokens = specialTokens;
    this.clock = clock;
    this.limits = limits;
  }

  /**
   * Compiles the source of a template.
   *
   * @param clock tells the date to templates that ask for it, in its time zone
   */
  public static ChatTemplate of(String source, Clock clock) {
    return of(source, clock, Limits.DEFAULT);
  }

  /**
   * @param limits of each rendering
   */
  static ChatTemplate of(String source, Clock clock, Limits limits) {
    return new ChatTemplate(
        Map.of(DEFAULT, Template.compile(source)), source, Map.of(), clock, limits);
  }

  /**
   * Reads the templates of a checkpoint: {@code chat_template.jinja} and {@code
   * additional_chat_templates/*.jinja}, otherwise those of {@code tokenizer_config.json}, otherwise
   * {@code chat_template.json}. Templates may use the special tokens that the checkpoint names,
   * such as {@code bos_token}.
   *
   * @return empty if the checkpoint has no template
   * @throws IOException if a file cannot be read
   */
  public static Optional<ChatTemplate> inDirectory(Path checkpoint, Clock clock)
      throws IOException {
    TemplateFiles files = TemplateFiles.read(checkpoint);
    Map<String, Template> named = new LinkedHashMap<>();
    files.sources().forEach((name, source) -> named.put(name, Template.compile(source)));
    String toolSource =
        files.sources().getOrDefault(TOOL_USE, files.sources().getOrDefault(DEFAULT, ""));
    return named.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new ChatTemplate(named, toolSource, files.specialTokens(), clock, Limits.DEFAULT));
  }

  /** The source of the template that renders conversations with tools. */
  public String toolSource() {
    return toolSource;
  }

  /**
   * Renders a conversation. Values are JSON: Jackson's nodes, or maps, lists, texts, numbers,
   * booleans and nulls.
   *
   * @param tools descriptions of the tools the model may call; if there are none, the template sees
   *     {@code None}. With tools, a template named {@code tool_use} is preferred.
   * @param addGenerationPrompt whether the prompt ends where the assistant's next message begins
   * @param variables further names that the template may use; they take precedence over special
   *     tokens
   */
  public Rendering render(
      Iterable<?> messages,
      Iterable<?> tools,
      boolean addGenerationPrompt,
      Map<String, ?> variables) {
    Map<String, Object> all = new LinkedHashMap<>(specialTokens);
    all.put("documents", None.NONE);
    variables.forEach((name, value) -> all.put(name, Values.of(value)));
    boolean hasTools = tools.iterator().hasNext();
    all.put("messages", Values.of(messages));
    all.put("tools", hasTools ? Values.of(tools) : None.NONE);
    all.put("add_generation_prompt", addGenerationPrompt);
    return template(hasTools).render(all, clock, limits);
  }

  private Template template(boolean hasTools) {
    Template tooled = hasTools ? named.get(TOOL_USE) : null;
    Template template = tooled != null ? tooled : named.get(DEFAULT);
    if (template == null) {
      Iterator<String> names = named.keySet().iterator();
      throw TemplateException.failed(
          "the checkpoint has no template named 'default': found '%s'", names.next());
    }
    return template;
  }
}
