package dev.freshet.text;

import java.util.Arrays;
import java.util.List;

/**
 * Decodes the tokens of one stream incrementally. The text that {@link #push} has returned so far
 * is always a prefix of the decoded whole, for any further tokens; {@link #flush} returns the rest.
 * A character is therefore never split, and U+FFFD is returned only for bytes that no further token
 * can make valid.
 *
 * <p>Amortised O(1) a token. Not thread-safe; one instance a stream.
 */
public final class StreamDecoder {
  private final Form form;

  /**
   * @param skipSpecial whether to omit special tokens from the text
   */
  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    List<String> decoders = tokenizer.vocabulary().decoders();
    this.form =
        switch (decoders) {
          case List<String> d when d.equals(List.of("ByteLevel")) ->
              new ByteLevel(tokenizer, skipSpecial);
          case List<String> d when d.equals(List.of("Fuse")) -> new Fused(tokenizer, skipSpecial);
          default -> new Window(tokenizer, skipSpecial, decoders.contains("ByteFallback"));
        };
  }

  /** Appends a token. Returns the text that later tokens cannot change, which may be empty. */
  public String push(int id) {
    return form.push(id);
  }

  /** Ends the stream. Returns the text held back so far. */
  public String flush() {
    return form.flush();
  }

  /** Decoding for one family of tokenizers; families differ in which text can still change. */
  private sealed interface Form {
    String push(int id);

    String flush();
  }

  /** Byte-level BPE: tokens are byte strings, and the text is their concatenation as UTF-8. */
  private static final class ByteLevel implements Form {
    private final Vocabulary vocabulary;
    private final boolean skipSpecial;
    private final Utf8Stream utf8 = new Utf8Stream();

    ByteLevel(Tokenizer tokenizer, boolean skipSpecial) {
      this.vocabulary = tokenizer.vocabulary();
      this.skipSpecial = skipSpecial;
    }

    @Override
    public String push(int id) {
      String token = vocabulary.tokens().get(id);
      if (token == null || (skipSpecial && vocabulary.special().contains(id))) {
        return "";
      }
      return utf8.push(ByteAlphabet.bytes(token));
    }

    @Override
    public String flush() {
      return utf8.flush();
    }
  }

  /** Tokens that are text themselves; the text is their concatenation. */
  private static final class Fused implements Form {
    private final Vocabulary vocabulary;
    private final boolean skipSpecial;

    Fused(Tokenizer tokenizer, boolean skipSpecial) {
      this.vocabulary = tokenizer.vocabulary();
      this.skipSpecial = skipSpecial;
    }

    @Override
    public String push(int id) {
      String token = vocabulary.tokens().get(id);
      return token == null || (skipSpecial && vocabulary.special().contains(id)) ? "" : token;
    }

    @Override
    public String flush() {
      return "";
    }
  }

  /**
   * Any other decoder. The library decodes a short window of tokens. The window begins with the
   * tokens of the text returned last, because a token's text may depend on the token before it.
   * With byte fallback a run of byte tokens is held back until it ends: it is text if the whole run
   * is valid UTF-8, otherwise each of its bytes is a U+FFFD.
   */
  private static final class Window implements Form {
    private final Tokenizer tokenizer;
    private final boolean skipSpecial;
    private final boolean byteFallback;
    private int[] ids = new int[16];
    private int size;
    private int returned;
    private String returnedText = "";

    Window(Tokenizer tokenizer, boolean skipSpecial, boolean byteFallback) {
      this.tokenizer = tokenizer;
      this.skipSpecial = skipSpecial;
      this.byteFallback = byteFallback;
    }

    @Override
    public String push(int id) {
      String token = tokenizer.vocabulary().tokens().get(id);
      if (token == null || (skipSpecial && tokenizer.vocabulary().special().contains(id))) {
        return "";
      }
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, 2 * size);
      }
      ids[size++] = id;
      return byteFallback && isByte(token) ? "" : advance();
    }

    @Override
    public String flush() {
      return size == returned ? "" : advance();
    }

    private String advance() {
      String text = tokenizer.decode(Arrays.copyOf(ids, size), skipSpecial);
      if (text.length() <= returnedText.length()) {
        return "";
      }
      String fresh = text.substring(returnedText.length());
      System.arraycopy(ids, returned, ids, 0, size - returned);
      size -= returned;
      returned = size;
      returnedText = tokenizer.decode(Arrays.copyOf(ids, size), skipSpecial);
      return fresh;
    }

    private static boolean isByte(String token) {
      return token.length() == 6
          && token.startsWith("<0x")
          && token.endsWith(">")
          && Character.digit(token.charAt(3), 16) >= 0
          && Character.digit(token.charAt(4), 16) >= 0;
    }
  }
}
