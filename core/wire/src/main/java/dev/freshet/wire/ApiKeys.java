package dev.freshet.wire;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The keys that authorize requests for completions. Clients of OpenAI's API send one as {@code
 * Authorization: Bearer …}, Anthropic's as {@code x-api-key}. Only digests are kept, every key is
 * compared whatever the others gave, and {@code toString} never reveals one. Without keys every
 * request is authorized.
 */
public final class ApiKeys {
  /**
   * The environment variable with keys, separated by commas, for a server started without a file.
   */
  public static final String VARIABLE = "FRESHET_API_KEY";

  /** The header in which Anthropic's clients send a key. */
  public static final String HEADER = "x-api-key";

  /** No keys: every request is authorized. */
  public static final ApiKeys NONE = new ApiKeys(List.of());

  private final List<byte[]> digests;

  private ApiKeys(List<byte[]> digests) {
    this.digests = digests;
  }

  /**
   * @throws ConfigException if a key is empty or has characters other than visible ASCII
   */
  public static ApiKeys of(List<String> keys) {
    for (String key : keys) {
      if (key.isEmpty() || !key.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
        throw new ConfigException("API key: expected one or more visible ASCII characters");
      }
    }
    return keys.isEmpty() ? NONE : new ApiKeys(keys.stream().map(ApiKeys::digest).toList());
  }

  /**
   * The keys in {@code file}, one a line; blank lines and lines that begin with # are skipped. An
   * empty name stands for no file.
   *
   * @throws ConfigException if the file cannot be read or has no key
   */
  public static List<String> inFile(String file) {
    if (file.isEmpty()) {
      return List.of();
    }
    try {
      List<String> keys =
          Files.readString(Path.of(file))
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .toList();
      if (keys.isEmpty()) {
        throw new ConfigException("API key file %s: expected a key in a line".formatted(file));
      }
      return keys;
    } catch (IOException e) {
      throw new ConfigException(
          "API key file %s: cannot be read: %s".formatted(file, e.getMessage()));
    }
  }

  /**
   * The keys of a server: {@code given}, those in {@code file}, and those of the environment
   * variable {@value #VARIABLE}.
   *
   * @throws ConfigException if the file cannot be read, or a key is malformed
   */
  public static ApiKeys from(List<String> given, String file) {
    List<String> all = new ArrayList<>(given);
    all.addAll(inFile(file));
    all.addAll(inEnvironment());
    return of(all);
  }

  /** The key that a client sends: the first in {@code file}, else of the environment variable. */
  public static Optional<String> ofClient(String file) {
    return Stream.concat(inFile(file).stream(), inEnvironment().stream()).findFirst();
  }

  private static List<String> inEnvironment() {
    String variable = System.getenv(VARIABLE);
    return variable == null || variable.isEmpty() ? List.of() : List.of(variable.split(",", -1));
  }

  /**
   * Whether a request is authorized.
   *
   * @param authorization its header of that name, or empty text
   * @param apiKey its header {@value #HEADER}, or empty text
   */
  public boolean authorize(String authorization, String apiKey) {
    if (digests.isEmpty()) {
      return true;
    }
    boolean inHeader = isKey(Bearer.in(authorization));
    boolean inOther = isKey(apiKey);
    return inHeader || inOther;
  }

  private boolean isKey(String presented) {
    byte[] digest = digest(presented);
    boolean found = false;
    for (byte[] key : digests) {
      found |= MessageDigest.isEqual(key, digest);
    }
    return found;
  }

  private static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }

  @Override
  public String toString() {
    return "%d API keys".formatted(digests.size());
  }
}
