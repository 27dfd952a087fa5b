package dev.freshet.inference.front;

import dev.freshet.text.Tokenizer;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** The text of single tokens, as logprobs name them; each is decoded once. Thread-safe. */
final class TokenTexts {
  private final Tokenizer tokenizer;
  private final AtomicReferenceArray<String> texts;

  TokenTexts(Tokenizer tokenizer, int vocabSize) {
    this.tokenizer = tokenizer;
    this.texts = new AtomicReferenceArray<>(vocabSize);
  }

  String of(int token) {
    String text = texts.get(token);
    if (text == null) {
      text = tokenizer.decode(new int[] {token}, false);
      texts.set(token, text);
    }
    return text;
  }
}
