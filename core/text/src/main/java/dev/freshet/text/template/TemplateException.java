package dev.freshet.text.template;

/**
 * A template cannot be read or rendered: its source is malformed, uses what is not supported,
 * rejects the messages with {@code raise_exception}, fails as it would in Python, or exceeds a
 * limit. The message names the line of the template where it is known.
 */
public final class TemplateException extends RuntimeException {
  /** What a caller may tell apart. */
  public enum Kind {
    /** The source is not a template, or uses what is not supported. */
    SOURCE,
    /** The template called {@code raise_exception}. */
    RAISED,
    /** An operation failed, as it would in Python. */
    FAILED,
    /** The rendering exceeded a limit of {@link Limits}. */
    LIMIT
  }

  private final Kind kind;
  private final int line;
  private final String reason;

  TemplateException(Kind kind, String message, int line) {
    super(line > 0 ? "chat template, line %d: %s".formatted(line, message) : message);
    this.kind = kind;
    this.line = line;
    this.reason = message;
  }

  private TemplateException(TemplateException cause, int line) {
    super("chat template, line %d: %s".formatted(line, cause.reason), cause);
    this.kind = cause.kind;
    this.line = line;
    this.reason = cause.reason;
  }

  static TemplateException source(String message, int line) {
    return new TemplateException(Kind.SOURCE, message, line);
  }

  /** An operation on values failed; the statement that runs adds its line. */
  static TemplateException failed(String message, Object... arguments) {
    String text = arguments.length == 0 ? message : message.formatted(arguments);
    return new TemplateException(Kind.FAILED, text, 0);
  }

  /** A construct that Jinja or Python has and this interpreter has not. */
  static TemplateException unsupported(String construct) {
    return new TemplateException(Kind.SOURCE, construct + " is not supported", 0);
  }

  /** The same error with the line of the template, unless it has one. */
  TemplateException at(int templateLine) {
    return line > 0 ? this : new TemplateException(this, templateLine);
  }

  public Kind kind() {
    return kind;
  }

  /** The message without the line; that of {@code raise_exception} is the template's own. */
  public String reason() {
    return reason;
  }

  /** The line of the template, from 1; 0 if the error belongs to no line. */
  public int line() {
    return line;
  }
}
