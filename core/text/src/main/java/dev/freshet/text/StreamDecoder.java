package dev.freshet.text;

import java.util.Arrays;
import java.util.List;

/**
 * Turns the tokens of one stream into text as they come. What {@link #push} has returned is
 * certain: it is a prefix of the decode of the whole, whatever follows; {@link #flush} returns the
 * rest. So a character is never split, and U+FFFD comes out only for bytes that are invalid for
 * good.
 *
 * <p>Amortised O(1) a token. Not thread-safe; one a stream.
 */
public final class StreamDecoder {
  private final Form form;

  /**
   * @param skipSpecial leave special tokens out of the text
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

  /** Appends a token; returns the text that became certain, often all of it, sometimes none. */
  public String push(int id) {
    return form.push(id);
  }

  /** Ends the stream; returns the text still held back. */
  public String flush() {
    return form.flush();
  }

  /** How tokens make text: the families differ in what can still change. */
  private sealed interface Form {
    String push(int id);

    String flush();
  }

  /** Byte-level BPE: a token is a string of bytes, the text is their concatenation as UTF-8. */
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

  /** Tokens that are text themselves: theirs is put together. */
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
   * Any other decoder: the library decodes a short window of tokens, which begins at the tokens of
   * the last text returned, because a token's text may depend on there being one before it. With
   * byte fallback a run of byte tokens is held until it ends: it is text only if it is valid as a
   * whole, else every byte of it is a U+FFFD.
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
      if (token == null || (skipSpecial && tokenizer.isSpecial(id))) {
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
