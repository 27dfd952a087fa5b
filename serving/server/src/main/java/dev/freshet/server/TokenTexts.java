package dev.freshet.server;

import dev.freshet.http.JsonBuffer;
import dev.freshet.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The texts of single tokens as quoted JSON strings, by which logprobs name them. Each is made
 * once. Thread-safe.
 */
final class TokenTexts implements TokenNames {
  /** What a decoder writes for bytes that are no character. */
  private static final char REPLACEMENT = '\uFFFD';

  private final Tokenizer tokenizer;
  private final AtomicReferenceArray<byte[]> texts;
  private final AtomicReferenceArray<byte[]> bytes;

  TokenTexts(Tokenizer tokenizer, int vocabSize) {
    this.tokenizer = tokenizer;
    this.texts = new AtomicReferenceArray<>(vocabSize);
    this.bytes = new AtomicReferenceArray<>(vocabSize);
  }

  @Override
  public byte[] of(int token) {
    byte[] text = texts.get(token);
    if (text == null) {
      JsonBuffer json = new JsonBuffer();
      text = json.string(tokenizer.text(token)).toBytes();
      texts.set(token, text);
    }
    return text;
  }

  @Override
  public int[] offsets(int[] tokens) {
    return tokenizer.offsets(tokens);
  }

  @Override
  public byte[] bytesOf(int token) {
    byte[] list = bytes.get(token);
    if (list == null) {
      JsonBuffer json = new JsonBuffer();
      byte[] text = utf8(token);
      for (int i = 0; i < text.length; i++) {
        json.comma(i).integer(Byte.toUnsignedInt(text[i]));
      }
      list = json.toBytes();
      bytes.set(token, list);
    }
    return list;
  }

  private byte[] utf8(int token) {
    String text = tokenizer.text(token);
    byte[] whole = text.getBytes(StandardCharsets.UTF_8);
    return text.indexOf(REPLACEMENT) < 0 ? whole : tokenizer.bytes(token, Set.of()).orElse(whole);
  }
}
