package dev.freshet.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;

/**
 * One tokenizer in Hugging Face's library, loaded at its first use: its tables take some 30 times
 * the memory of the file. Thread-safe, but closing does not wait for texts in progress.
 */
final class LibraryTokenizer implements AutoCloseable {
  private final byte[] json;
  private Optional<HuggingFaceTokenizer> loaded = Optional.empty();
  private boolean closed;

  /**
   * @param json the content of a {@code tokenizer.json}
   */
  LibraryTokenizer(byte[] json) {
    this.json = json;
  }

  /** The library's tokenizer. Throws if the library refuses the file or this is closed. */
  synchronized HuggingFaceTokenizer load() {
    requireOpen();
    if (loaded.isEmpty()) {
      try {
        Map<String, String> whole = Map.of("truncation", "false", "padding", "false");
        loaded =
            Optional.of(HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), whole));
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
    return loaded.get();
  }

  synchronized void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer is closed");
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    loaded.ifPresent(HuggingFaceTokenizer::close);
  }
}
