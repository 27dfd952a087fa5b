package dev.freshet.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * A Hugging Face tokenizer read from a {@code tokenizer.json}, with the same ids as in
 * transformers. Never truncates, pads or uses the network. Thread-safe until closed; the owner
 * closes it after the last use. Errors are {@link TokenizerException}s.
 */
public final class Tokenizer implements AutoCloseable {
  private static final String FILE = "tokenizer.json";

  static {
    // Otherwise the library downloads a native build if it finds a GPU, and sends usage data.
    System.setProperty("ai.djl.offline", "true");
  }

  private final HuggingFaceTokenizer library;
  private final Vocabulary vocabulary;
  private final int vocabSize;
  private final String source;

  private Tokenizer(HuggingFaceTokenizer library, Vocabulary vocabulary, String source) {
    this.library = library;
    this.vocabulary = vocabulary;
    this.vocabSize = vocabulary.size();
    this.source = source;
  }

  /** Reads {@code tokenizer.json} from a directory, or the file itself. */
  public static Tokenizer load(Path dirOrFile) {
    Path file = Files.isDirectory(dirOrFile) ? dirOrFile.resolve(FILE) : dirOrFile;
    if (!Files.isRegularFile(file)) {
      throw new TokenizerException(
          "tokenizer %s: no such file: expected a Hugging Face tokenizer.json".formatted(file));
    }
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Reads the content of a {@code tokenizer.json}.
   *
   * @param source the name of the file in messages
   */
  public static Tokenizer parse(byte[] json, String source) {
    try {
      Vocabulary vocabulary = Vocabulary.parse(new String(json, StandardCharsets.UTF_8), source);
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
      return new Tokenizer(library, vocabulary, source);
    } catch (TokenizerException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot be read: %s".formatted(source, e.getMessage()), e);
    }
  }

  /** The ids of {@code text} with the tokens that the post-processor adds around them. */
  public int[] encode(String text) {
    return encode(text, true);
  }

  /**
   * The ids of {@code text} without added tokens. A special token written out in the text becomes
   * that token.
   */
  public int[] encodeOrdinary(String text) {
    return encode(text, false);
  }

  private int[] encode(String text, boolean addSpecial) {
    try {
      long[] ids = library.encode(wellFormed(text), addSpecial, false).getIds();
      return LongStream.of(ids).mapToInt(Math::toIntExact).toArray();
    } catch (RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot encode the text: %s".formatted(source, reason(text, e)), e);
    }
  }

  /** For a vocabulary without an unknown token, the library does not name the character. */
  private String reason(String text, RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("Missing [UNK]")
        ? text.codePoints()
            .mapToObj(Character::toString)
            .filter(c -> vocabulary.idOf(c).isEmpty())
            .findFirst()
            .map("character '%s' is not in the vocabulary"::formatted)
            .orElse(message)
        : message;
  }

  /** The text with unpaired surrogates, which UTF-8 cannot encode, replaced by U+FFFD. */
  private static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
  }

  /** The text of {@code ids}; ids outside the vocabulary are skipped. */
  public String decode(int[] ids, boolean skipSpecial) {
    return library.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
  }

  /** One more than the highest id of a token. */
  public int vocabSize() {
    return vocabSize;
  }

  /** The id of a token, given as the vocabulary writes it. */
  public OptionalInt idOf(String token) {
    return vocabulary.idOf(token);
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void close() {
    library.close();
  }
}
