package dev.freshet.text;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Decodes the tokens of one stream incrementally. The stream continues a prompt, which may be
 * empty: its text is what decoding prompt and stream together adds to decoding the prompt, so a
 * space between the two is the stream's. If the stream completes a character whose first bytes are
 * in the prompt, the character is the stream's.
 *
 * <p>The text that {@link #push} has returned so far is always a prefix of the decoded whole, for
 * any further tokens; {@link #flush} returns the rest. A character is therefore never split, and
 * U+FFFD is returned only for bytes that no further token can make valid.
 *
 * <p>Amortised O(1) a token; of the prompt only the end is decoded, on which the text of the next
 * token can depend. Not thread-safe; one instance a stream.
 */
public final class StreamDecoder {
  private final Form form;

  /** A stream that continues no prompt. */
  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    this(tokenizer, skipSpecial, new int[0]);
  }

  /**
   * @param skipSpecial whether to omit special tokens from the text
   * @param prompt the tokens before the stream
   */
  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial, int[] prompt) {
    List<String> decoders = tokenizer.vocabulary().decoders();
    Tokens tokens = new Tokens(tokenizer.vocabulary(), skipSpecial);
    this.form =
        switch (decoders) {
          case List<String> _ when tokenizer.vocabulary().isByteLevel() ->
              new ByteLevel(tokens, prompt);
          case List<String> d when d.equals(List.of("Fuse")) -> new Fused(tokens);
          default -> new Window(tokenizer, tokens, decoders.contains("ByteFallback"), prompt);
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

  /** Whether a token of a tokenizer with byte fallback stands for one byte. */
  static boolean isByte(String token) {
    return token.length() == 6
        && token.startsWith("<0x")
        && token.endsWith(">")
        && Character.digit(token.charAt(3), 16) >= 0
        && Character.digit(token.charAt(4), 16) >= 0;
  }

  /** Decoding for one family of tokenizers; families differ in which text can still change. */
  private sealed interface Form {
    String push(int id);

    String flush();
  }

  /** The tokens that have a text. */
  private record Tokens(Vocabulary vocabulary, boolean skipSpecial) {
    Optional<String> of(int id) {
      return skipSpecial && vocabulary.special().contains(id)
          ? Optional.empty()
          : Optional.ofNullable(vocabulary.tokens().get(id));
    }
  }

  /** Byte-level BPE: tokens are byte strings, and the text is their concatenation as UTF-8. */
  private static final class ByteLevel implements Form {
    /** The bytes of an unfinished character. */
    private static final int MOST_UNFINISHED = 3;

    private final Tokens tokens;
    private final Utf8Stream utf8 = new Utf8Stream();

    ByteLevel(Tokens tokens, int[] prompt) {
      this.tokens = tokens;
      int from = prompt.length;
      for (int bytes = 0; from > 0 && bytes < MOST_UNFINISHED; ) {
        from--;
        bytes += tokens.of(prompt[from]).map(token -> ByteAlphabet.bytes(token).length).orElse(0);
      }
      for (int i = from; i < prompt.length; i++) {
        String _ = push(prompt[i]);
      }
      utf8.begin();
    }

    @Override
    public String push(int id) {
      return tokens.of(id).map(token -> utf8.push(ByteAlphabet.bytes(token))).orElse("");
    }

    @Override
    public String flush() {
      return utf8.flush();
    }
  }

  /** Tokens that are text themselves; the text is their concatenation. */
  private record Fused(Tokens tokens) implements Form {
    @Override
    public String push(int id) {
      return tokens.of(id).orElse("");
    }

    @Override
    public String flush() {
      return "";
    }
  }

  /**
   * Any other decoder. The library decodes a short window of tokens. The window begins with the
   * tokens of the text returned last, or with the end of the prompt, because a token's text may
   * depend on the token before it: SentencePiece's decoders strip the space of the first token.
   * With byte fallback a run of byte tokens is held back until it ends: it is text if the whole run
   * is valid UTF-8, otherwise each of its bytes is a U+FFFD.
   */
  private static final class Window implements Form {
    /** A decoder strips this many characters of the first tokens at most; it strips one. */
    private static final int CONTEXT = 4;

    private final Tokenizer tokenizer;
    private final Tokens tokens;
    private final boolean byteFallback;
    private int[] ids = new int[16];
    private int size;
    private int returned;
    private String returnedText;

    /** The returned text if the stream changes it: without a character that it completes. */
    private String certainText;

    Window(Tokenizer tokenizer, Tokens tokens, boolean byteFallback, int[] prompt) {
      this.tokenizer = tokenizer;
      this.tokens = tokens;
      this.byteFallback = byteFallback;
      for (int i = contextStart(prompt); i < prompt.length; i++) {
        if (tokens.of(prompt[i]).isPresent()) {
          append(prompt[i]);
        }
      }
      this.returned = size;
      this.returnedText = text(size);
      this.certainText = byteFallback ? text(size - unfinishedBytes()) : returnedText;
    }

    /** The last tokens that have a text, and all of the run of byte tokens at the end. */
    private int contextStart(int[] prompt) {
      int start = prompt.length;
      for (int found = 0; start > 0 && found < CONTEXT; start--) {
        Optional<String> token = tokens.of(prompt[start - 1]);
        found += token.isPresent() && !(byteFallback && isByte(token.get())) ? 1 : 0;
      }
      return start;
    }

    /** The number of byte tokens at the end that begin a character. */
    private int unfinishedBytes() {
      int start = size;
      while (start > 0 && tokens.of(ids[start - 1]).filter(StreamDecoder::isByte).isPresent()) {
        start--;
      }
      Utf8Stream run = new Utf8Stream();
      for (int i = start; i < size; i++) {
        String token = tokens.of(ids[i]).orElseThrow();
        String _ = run.push(new byte[] {(byte) Integer.parseInt(token, 3, 5, 16)});
      }
      return run.unfinished();
    }

    @Override
    public String push(int id) {
      Optional<String> token = tokens.of(id);
      if (token.isEmpty()) {
        return "";
      }
      append(id);
      return byteFallback && isByte(token.get()) ? "" : advance();
    }

    @Override
    public String flush() {
      return size == returned ? "" : advance();
    }

    private void append(int id) {
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, 2 * size);
      }
      ids[size++] = id;
    }

    private String text(int length) {
      return tokenizer.decode(Arrays.copyOf(ids, length), tokens.skipSpecial());
    }

    private String advance() {
      String text = text(size);
      int start = (text.startsWith(returnedText) ? returnedText : certainText).length();
      if (start >= text.length()) {
        return "";
      }
      System.arraycopy(ids, returned, ids, 0, size - returned);
      size -= returned;
      returned = size;
      returnedText = text(size);
      certainText = returnedText;
      return text.substring(start);
    }
  }
}
