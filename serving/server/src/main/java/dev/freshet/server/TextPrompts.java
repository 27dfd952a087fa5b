package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.text.TokenizerException;
import io.netty.buffer.ByteBufUtil;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns text prompts into token ids. A text that has more tokens than the context, by its length
 * alone, is refused before it is tokenized. Others are tokenized on threads of their own: long
 * texts one at a time, so that they neither hold up the short ones nor take much memory together.
 * Whatever the tokenizer throws is answered, and frees the place. Thread-safe.
 */
final class TextPrompts implements AutoCloseable {
  /** The most bytes of a short text, which takes about 0.1 s. */
  static final int SHORT_BYTES = 64 << 10;

  private static final int SHORT_THREADS = 2;

  private static final Logger LOG = LoggerFactory.getLogger(TextPrompts.class);

  private final Function<String, int[]> encode;
  private final int contextTokens;
  private final OptionalLong fitting;
  private final int maxBytes;
  private final BoundedWork shortTexts;
  private final BoundedWork longTexts;

  /**
   * @param encode the tokenizer, for texts without another one
   * @param contextTokens the most tokens of prompt and completion
   * @param fitting the most bytes of a text whose tokens fit the context, if there is such a bound
   */
  TextPrompts(
      Function<String, int[]> encode,
      int contextTokens,
      OptionalLong fitting,
      CompletionLimits limits) {
    this.encode = encode;
    this.contextTokens = contextTokens;
    this.fitting = fitting;
    this.maxBytes = limits.maxTextBytes();
    this.shortTexts = new BoundedWork("tokenize", SHORT_THREADS, limits.maxTokenizingBytes());
    this.longTexts = new BoundedWork("tokenize-long", 1, limits.maxTokenizingBytes());
  }

  /**
   * Tokenizes a text and calls {@code done} or {@code failed} once, on a thread of its own.
   *
   * @param wanted asked before the text is tokenized; if it returns false, neither is called
   * @throws ApiException 400 if the text is too long, 503 if too many wait
   */
  void tokenize(
      String text, BooleanSupplier wanted, Consumer<int[]> done, Consumer<Throwable> failed) {
    tokenize(text, encode, wanted, done, failed);
  }

  /** The same with another way to encode the text. */
  void tokenize(
      String text,
      Function<String, int[]> encode,
      BooleanSupplier wanted,
      Consumer<int[]> done,
      Consumer<Throwable> failed) {
    int bytes = ByteBufUtil.utf8Bytes(text);
    requireFitting(bytes);
    BoundedWork work = bytes <= SHORT_BYTES ? shortTexts : longTexts;
    work.execute(
        bytes,
        () -> {
          try {
            if (wanted.getAsBoolean()) {
              done.accept(encode.apply(text));
            }
          } catch (TokenizerException | ApiException e) {
            failed.accept(e);
          } catch (RuntimeException | Error e) {
            LOG.error("a text of {} bytes cannot be tokenized", bytes, e);
            failed.accept(
                new ApiException(
                    ApiError.internal("the prompt cannot be tokenized: " + ApiError.message(e))));
          }
        });
  }

  private void requireFitting(int bytes) {
    if (fitting.isPresent() && bytes > fitting.getAsLong()) {
      throw tooLong(
          bytes,
          fitting.getAsLong(),
          "a longer text has more tokens than the context (inference.max_model_len), which is "
              + contextTokens);
    }
    if (bytes > maxBytes) {
      throw tooLong(bytes, maxBytes, "send a longer prompt as token ids");
    }
  }

  private static ApiException tooLong(int bytes, long most, String why) {
    return new ApiException(
        ApiError.invalid(
            "invalid_prompt",
            "prompt: expected a text of at most %d bytes, got %d: %s".formatted(most, bytes, why)));
  }

  @Override
  public void close() {
    shortTexts.close();
    longTexts.close();
  }
}
