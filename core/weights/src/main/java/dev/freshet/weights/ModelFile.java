package dev.freshet.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the files beside the weights in a model directory. The directory may come from outside, and
 * its files may be anything: opening a FIFO blocks, a device has no end, a sparse file has any
 * size. Only a regular file is opened, after following links, and only up to the bound of its kind.
 * JSON is bounded in values, nesting and lengths too, so a file costs memory in proportion to what
 * it may validly hold.
 *
 * <p>Messages name the file and the fault, and quote nothing of its content.
 */
public final class ModelFile {
  /** A kind of file and its most bytes. */
  public enum Kind {
    CONFIG("the configuration of a Hugging Face model", 1 << 20),
    MANIFEST("the manifest of a published checkpoint", 16 << 20),
    INDEX("the index of a sharded checkpoint", 16 << 20),
    SIDE("a tokenizer or template file", 128 << 20);

    private final String expected;
    private final int mostBytes;

    Kind(String expected, int mostBytes) {
      this.expected = expected;
      this.mostBytes = mostBytes;
    }
  }

  /** More than the manifest of 50,000 tensors has. */
  private static final int MOST_VALUES = 1_000_000;

  private static final int DEEPEST = 32;
  private static final int LONGEST_NAME = 1_024;

  /** Far more digits than a long has; converting a number takes time beyond proportion. */
  private static final int LONGEST_NUMBER = 100;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxTokenCount(MOST_VALUES)
                          .maxNestingDepth(DEEPEST)
                          .maxNameLength(LONGEST_NAME)
                          .maxNumberLength(LONGEST_NUMBER)
                          .build())
                  .build())
          .build();

  private ModelFile() {}

  /**
   * The content of a file.
   *
   * @throws CheckpointException if it is missing, not a regular file, too large or cannot be read
   */
  public static byte[] read(Path file, Kind kind) {
    BasicFileAttributes attributes = requireRegular(file, kind.expected);
    if (attributes.size() > kind.mostBytes) {
      throw tooLarge(file, kind, attributes.size());
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(kind.mostBytes + 1);
      if (content.length > kind.mostBytes) {
        throw tooLarge(file, kind, content.length);
      }
      return content;
    } catch (IOException e) {
      throw unreadable(file, kind.expected, e);
    }
  }

  private static CheckpointException tooLarge(Path file, Kind kind, long found) {
    return new CheckpointException(
        "%s: %d bytes, expected %s with at most %d"
            .formatted(file, found, kind.expected, kind.mostBytes));
  }

  /**
   * The content of a file of JSON.
   *
   * @throws CheckpointException as {@link #read}, or if it is not JSON, or more than a file of this
   *     kind may hold
   */
  public static JsonNode json(Path file, Kind kind) {
    return parse(file.toString(), read(file, kind));
  }

  /**
   * Parses JSON.
   *
   * @param what the file, or the part of it, for messages
   */
  static JsonNode parse(String what, byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (StreamConstraintsException e) {
      throw new CheckpointException(
          "%s: expected JSON of at most %d values, %d levels, names of %d and numbers of %d characters"
              .formatted(what, MOST_VALUES, DEEPEST, LONGEST_NAME, LONGEST_NUMBER),
          e);
    } catch (JacksonException e) {
      String fault =
          String.valueOf(e.getOriginalMessage()).startsWith("Duplicate")
              ? "a field appears twice"
              : "not valid JSON";
      throw new CheckpointException(
          "%s: %s (line %d, column %d)"
              .formatted(what, fault, e.getLocation().getLineNr(), e.getLocation().getColumnNr()),
          e);
    }
  }

  /** What a message calls a JSON value: its type, and not its content. */
  public static String typeOf(JsonNode node) {
    return switch (node.getNodeType()) {
      case MISSING -> "missing";
      case NULL -> "null";
      case BOOLEAN -> "a boolean";
      case NUMBER -> node.isIntegralNumber() ? "an integer" : "a fraction";
      case STRING -> "a string";
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      default -> "a value";
    };
  }

  /** Whether {@code name} names a file of the directory itself on any system. */
  static boolean isPlainName(String name) {
    return !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
  }

  /**
   * Checks, without opening it, that {@code file} is a regular file or a link to one.
   *
   * @param expected what the file should be, for messages
   */
  public static BasicFileAttributes requireRegular(Path file, String expected) {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (IOException e) {
      throw unreadable(file, expected, e);
    }
    if (!attributes.isRegularFile()) {
      throw new CheckpointException(
          "%s: is %s, expected %s"
              .formatted(
                  file,
                  attributes.isDirectory() ? "a directory" : "a FIFO, a device or a socket",
                  expected));
    }
    return attributes;
  }

  private static CheckpointException unreadable(Path file, String expected, IOException e) {
    String fault =
        switch (e) {
          case NoSuchFileException _ -> "not found";
          case AccessDeniedException _ -> "permission denied";
          default -> "cannot be read: " + DurableFiles.reason(e);
        };
    return new CheckpointException("%s: %s, expected %s".formatted(file, fault, expected), e);
  }
}
