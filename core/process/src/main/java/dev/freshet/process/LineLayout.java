package dev.freshet.process;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.util.CachingDateFormatter;
import dev.freshet.trace.FreeText;

/**
 * Lays out every line of Freshet's logs: the wall clock time, the level, the role and the message;
 * an exception follows with its stack trace. The lines of event loggers are written as they are.
 * All other text is {@link FreeText}: a message is one line, and no line but an event's has a tag.
 */
final class LineLayout extends LayoutBase<ILoggingEvent> {
  private static final int LEVEL_WIDTH = 5;

  private final CachingDateFormatter time =
      new CachingDateFormatter("yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
  private final String role;
  private final String events;

  /**
   * @param events the prefix of the names of event loggers
   */
  LineLayout(String role, String events) {
    this.role = role;
    this.events = events;
  }

  @Override
  public String doLayout(ILoggingEvent line) {
    String level = line.getLevel().toString();
    String message = line.getFormattedMessage();
    StringBuilder text =
        new StringBuilder(128)
            .append(time.format(line.getTimeStamp()))
            .append(' ')
            .append(level)
            .repeat(' ', Math.max(0, LEVEL_WIDTH - level.length()))
            .append(' ')
            .append(role)
            .append(' ')
            .append(line.getLoggerName().startsWith(events) ? message : FreeText.escaped(message))
            .append(System.lineSeparator());
    if (line.getThrowableProxy() != null) {
      text.append(ThrowableProxyUtil.asString(new EscapedThrowable(line.getThrowableProxy())));
    }
    return text.toString();
  }
}
