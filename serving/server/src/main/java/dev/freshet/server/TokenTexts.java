package dev.freshet.server;

import dev.freshet.http.JsonBuffer;
import dev.freshet.text.Tokenizer;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The texts of single tokens as quoted JSON strings, by which logprobs name them. Each is made
 * once. Thread-safe.
 */
final class TokenTexts {
  private final Tokenizer tokenizer;
  private final AtomicReferenceArray<byte[]> texts;

  TokenTexts(Tokenizer tokenizer, int vocabSize) {
    this.tokenizer = tokenizer;
    this.texts = new AtomicReferenceArray<>(vocabSize);
  }

  /** The token's text; the caller must not modify it. */
  byte[] of(int token) {
    byte[] text = texts.get(token);
    if (text == null) {
      JsonBuffer json = new JsonBuffer();
      text = json.string(tokenizer.text(token)).toBytes();
      texts.set(token, text);
    }
    return text;
  }
}
