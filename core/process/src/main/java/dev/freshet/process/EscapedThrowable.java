package dev.freshet.process;

import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import dev.freshet.trace.FreeText;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An exception to be logged whose messages, and those of its causes, are {@link FreeText}. */
record EscapedThrowable(IThrowableProxy thrown) implements IThrowableProxy {
  private static @Nullable String escaped(@Nullable String text) {
    return text == null ? null : FreeText.escaped(text);
  }

  @Override
  public @Nullable String getOverridingMessage() {
    return escaped(thrown.getOverridingMessage());
  }

  @Override
  public @Nullable String getMessage() {
    return escaped(thrown.getMessage());
  }

  @Override
  public String getClassName() {
    return thrown.getClassName();
  }

  @Override
  public StackTraceElementProxy[] getStackTraceElementProxyArray() {
    return thrown.getStackTraceElementProxyArray();
  }

  @Override
  public int getCommonFrames() {
    return thrown.getCommonFrames();
  }

  @Override
  public @Nullable IThrowableProxy getCause() {
    return thrown.getCause() == null ? null : new EscapedThrowable(thrown.getCause());
  }

  @Override
  public IThrowableProxy[] getSuppressed() {
    return Arrays.stream(thrown.getSuppressed())
        .map(EscapedThrowable::new)
        .toArray(IThrowableProxy[]::new);
  }

  @Override
  public boolean isCyclic() {
    return thrown.isCyclic();
  }
}
