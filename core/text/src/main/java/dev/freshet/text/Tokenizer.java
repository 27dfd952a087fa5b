package dev.freshet.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A Hugging Face tokenizer read from a {@code tokenizer.json}, with the same ids as in
 * transformers. Never truncates, pads or uses the network. Thread-safe until closed; the owner
 * closes it after the last use, and closing waits for texts that are being encoded or decoded.
 * Errors are {@link TokenizerException}s.
 *
 * <p>Most byte-level BPE is encoded by {@link ByteLevelEncoder} and decoded by {@link
 * StreamDecoder}, everything else by Hugging Face's library, which is loaded for such a tokenizer
 * only when a text needs it. That takes about 1.5 s and 250 bytes of native memory for each MiB and
 * byte of text, and cannot be interrupted; about 10 million spaces in a row exceed a limit of its
 * regular expressions, and then it ends the process. A caller that takes texts from outside must
 * therefore bound them, see {@link #maxTextBytes}.
 */
public final class Tokenizer implements AutoCloseable {
  private static final String FILE = "tokenizer.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  static {
    // Otherwise the library downloads a native build if it finds a GPU, and sends usage data.
    System.setProperty("ai.djl.offline", "true");
  }

  private final LibraryTokenizer library;

  /** Encodes in place of the library what it supports. */
  private final Optional<ByteLevelEncoder> encoder;

  private final Vocabulary vocabulary;
  private final int vocabSize;

  /** A token before which any other is within a text; empty if there is none. */
  private final int[] word;

  private final OptionalInt endToken;

  private final String source;

  /** Held for reading while the library reads its tokenizer, and for writing to free it. */
  private final ReadWriteLock open = new ReentrantReadWriteLock();

  private Tokenizer(
      LibraryTokenizer library,
      Optional<ByteLevelEncoder> encoder,
      Vocabulary vocabulary,
      Optional<String> endToken,
      String source) {
    this.library = library;
    this.encoder = encoder;
    this.vocabulary = vocabulary;
    this.vocabSize = vocabulary.size();
    this.word = vocabulary.word().stream().toArray();
    this.endToken = endToken.map(vocabulary::idOf).orElse(OptionalInt.empty());
    this.source = source;
  }

  /**
   * Reads {@code tokenizer.json} from a directory, with the {@code tokenizer_config.json} beside it
   * if there is one, or the first file alone.
   */
  public static Tokenizer load(Path dirOrFile) {
    Path file = Files.isDirectory(dirOrFile) ? dirOrFile.resolve(FILE) : dirOrFile;
    if (!Files.isRegularFile(file)) {
      throw new TokenizerException(
          "tokenizer %s: no such file: expected a Hugging Face tokenizer.json".formatted(file));
    }
    try {
      Optional<String> end =
          Files.isDirectory(dirOrFile) ? EndToken.in(dirOrFile) : Optional.empty();
      return parse(TokenizerFile.read(file), end, file.toString());
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
    return parse(json, Optional.empty(), source);
  }

  private static Tokenizer parse(byte[] json, Optional<String> endToken, String source) {
    try {
      JsonNode root = JSON.readTree(json);
      Vocabulary vocabulary = Vocabulary.of(root, source);
      Optional<ByteLevelEncoder> encoder = ByteLevelEncoder.of(root, vocabulary.ids());
      LibraryTokenizer library = new LibraryTokenizer(json);
      if (encoder.isEmpty() || !vocabulary.isByteLevel()) {
        library.load();
      }
      return new Tokenizer(library, encoder, vocabulary, endToken, source);
    } catch (TokenizerException e) {
      throw e;
    } catch (JacksonException e) {
      throw new TokenizerException(
          "tokenizer %s: expected JSON: %s".formatted(source, e.getOriginalMessage()), e);
    } catch (RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot be read: %s".formatted(source, e.getMessage()), e);
    }
  }

  /**
   * Requires a {@code tokenizer.json} that can be read.
   *
   * @param files content by name of the files of a model directory
   * @param source names the directory in messages
   */
  public static void requireIn(Map<String, byte[]> files, String source) {
    byte[] json = files.get(FILE);
    if (json == null) {
      throw new TokenizerException(
          "%s: has no tokenizer.json: expected a Hugging Face tokenizer".formatted(source));
    }
    parse(json, source).close();
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
    String wellFormed = wellFormed(text);
    try {
      int[] ids = encoder.isPresent() ? ownIds(encoder.get(), wellFormed, addSpecial) : null;
      return ids == null ? libraryIds(wellFormed, addSpecial) : ids;
    } catch (RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot encode the text: %s".formatted(source, reason(text, e)), e);
    }
  }

  private int @Nullable [] ownIds(ByteLevelEncoder own, String text, boolean addSpecial) {
    open.readLock().lock();
    try {
      library.requireOpen();
      return own.encode(text, addSpecial);
    } finally {
      open.readLock().unlock();
    }
  }

  /**
   * The ids by the library. Its own {@code Encoding} also copies the text, the offsets and the
   * masks of every token to the heap, and ends the process if the heap has no room for them.
   */
  int[] libraryIds(String text, boolean addSpecial) {
    open.readLock().lock();
    try {
      TokenizersLibrary natives = TokenizersLibrary.LIB;
      long encoding = natives.encode(library.load().getHandle(), text, addSpecial);
      try {
        return LongStream.of(natives.getTokenIds(encoding)).mapToInt(Math::toIntExact).toArray();
      } finally {
        natives.deleteEncoding(encoding);
      }
    } finally {
      open.readLock().unlock();
    }
  }

  /** For a vocabulary without an unknown token, the library does not name the character. */
  private String reason(String text, RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("Missing [UNK]")
        ? text.codePoints()
            .filter(c -> vocabulary.idOf(Character.toString(c)).isEmpty())
            .mapToObj(c -> "character %s is not in the vocabulary".formatted(shown(c)))
            .findFirst()
            .orElse(message)
        : message;
  }

  /** The character, or its number if it is a control or format character. */
  private static String shown(int c) {
    boolean visible = Character.isLetterOrDigit(c) || (c > ' ' && c < 0x7F);
    return visible ? "'" + Character.toString(c) + "'" : "U+%04X".formatted(c);
  }

  /** The text with unpaired surrogates, which UTF-8 cannot encode, replaced by U+FFFD. */
  private static String wellFormed(String text) {
    if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
      return text;
    }
    return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
  }

  /** The text of {@code ids}; ids outside the vocabulary are skipped. */
  public String decode(int[] ids, boolean skipSpecial) {
    if (!vocabulary.isByteLevel()) {
      return libraryText(ids, skipSpecial);
    }
    library.requireOpen();
    return decodeBytes(ids, skipSpecial);
  }

  /** The text by the library. */
  String libraryText(int[] ids, boolean skipSpecial) {
    open.readLock().lock();
    try {
      return library.load().decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    } finally {
      open.readLock().unlock();
    }
  }

  private String decodeBytes(int[] ids, boolean skipSpecial) {
    StreamDecoder decoder = new StreamDecoder(this, skipSpecial);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.push(id));
    }
    return text.append(decoder.flush()).toString();
  }

  /** The text of one token within a text: with the space that a decoder strips from the first. */
  public String text(int id) {
    StreamDecoder decoder = new StreamDecoder(this, false, word);
    return decoder.push(id) + decoder.flush();
  }

  /**
   * Where the texts of tokens begin if they follow each other within a text, in code points. Tokens
   * that are parts of one character begin where it does.
   */
  public int[] offsets(int[] ids) {
    StreamDecoder decoder = new StreamDecoder(this, false, word);
    int[] offsets = new int[ids.length];
    int characters = 0;
    for (int i = 0; i < ids.length; i++) {
      offsets[i] = characters;
      String text = decoder.push(ids[i]);
      characters += text.codePointCount(0, text.length());
    }
    return offsets;
  }

  /**
   * The bytes that a token adds to a text, within one; empty for a special token and for an id that
   * no token has.
   *
   * @param tags special tokens that stand for their own text
   */
  public Optional<byte[]> bytes(int id, Set<String> tags) {
    String token = vocabulary.tokens().get(id);
    if (token == null || (isSpecial(id) && !tags.contains(token))) {
      return Optional.empty();
    }
    if (isSpecial(id)) {
      return Optional.of(token.getBytes(StandardCharsets.UTF_8));
    }
    if (vocabulary.isByteLevel()) {
      return Optional.of(ByteAlphabet.bytes(token));
    }
    if (vocabulary.decoders().contains("ByteFallback") && StreamDecoder.isByte(token)) {
      return Optional.of(new byte[] {(byte) Integer.parseInt(token, 3, 5, 16)});
    }
    return Optional.of(text(id).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The most bytes in UTF-8 of a text that {@link #encode} turns into at most {@code tokens}
   * tokens; empty if the tokenizer may drop characters, so that there is no such bound. A longer
   * text has more tokens.
   */
  public OptionalLong maxTextBytes(int tokens) {
    return vocabulary.bound().bytes(tokens);
  }

  /** One more than the highest id of a token. */
  public int vocabSize() {
    return vocabSize;
  }

  /**
   * The token that ends a text by the {@code tokenizer_config.json}; empty if it names none that
   * the vocabulary has.
   */
  public OptionalInt endToken() {
    return endToken;
  }

  /** The id of a token, given as the vocabulary writes it. */
  public OptionalInt idOf(String token) {
    return vocabulary.idOf(token);
  }

  /** Whether a token is a special one, such as the end of a turn. */
  public boolean isSpecial(int id) {
    return vocabulary.special().contains(id);
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void close() {
    open.writeLock().lock();
    try {
      library.close();
    } finally {
      open.writeLock().unlock();
    }
  }
}
