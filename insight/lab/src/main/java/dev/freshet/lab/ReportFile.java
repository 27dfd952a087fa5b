package dev.freshet.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes the files of reports, as UTF-8. */
public final class ReportFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ReportFile() {}

  /** An empty JSON object. */
  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /** Puts a figure; null if it is not finite. */
  public static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }

  /**
   * Writes {@code root}.
   *
   * @throws LabException if the file cannot be written
   */
  public static void write(Path file, ObjectNode root) {
    write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root));
  }

  /**
   * Writes {@code text}.
   *
   * @throws LabException if the file cannot be written
   */
  public static void write(Path file, String text) {
    try {
      Files.writeString(file, text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new LabException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
