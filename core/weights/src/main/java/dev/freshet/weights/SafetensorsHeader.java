package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The JSON header of a safetensors file, which gives the position of each tensor's bytes after it.
 * An instance is consistent: the types are supported, the offsets agree with shape × type, and the
 * tensors cover the data exactly, without hole or overlap.
 *
 * @param entries the tensors in the order of the header
 * @see <a href="https://huggingface.co/docs/safetensors/index#format">the format</a>
 */
record SafetensorsHeader(List<Entry> entries) {
  /** One tensor; offsets count from the end of the header. */
  record Entry(String name, DType dtype, long[] shape, long begin, long end) {}

  /** The only key of a header that is not a tensor. */
  static final String METADATA = "__metadata__";

  /**
   * Reads a header.
   *
   * @param file names the file in messages
   * @param dataBytes the number of bytes after the header in the file
   */
  static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) {
    JsonNode root = ModelFile.parse(file + ": header", json);
    if (!root.isObject()) {
      throw new CheckpointException(
          "%s: the header is %s, expected a JSON object".formatted(file, ModelFile.typeOf(root)));
    }
    List<Entry> entries = new ArrayList<>(root.size());
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        checkMetadata(file, field.getValue());
      } else {
        entries.add(entry(file, field.getKey(), field.getValue()));
      }
    }
    checkCoverage(file, entries, dataBytes);
    return new SafetensorsHeader(List.copyOf(entries));
  }

  private static void checkMetadata(Path file, JsonNode metadata) {
    if (metadata.isNull()) {
      return; // Some published shards have it; it means none.
    }
    if (!metadata.isObject()) {
      throw new CheckpointException(
          "%s: %s is %s, expected an object of strings"
              .formatted(file, METADATA, ModelFile.typeOf(metadata)));
    }
    for (Map.Entry<String, JsonNode> field : metadata.properties()) {
      if (!field.getValue().isString()) {
        throw new CheckpointException(
            "%s: %s: %s is %s, expected a string"
                .formatted(
                    file, METADATA, Quoted.of(field.getKey()), ModelFile.typeOf(field.getValue())));
      }
    }
  }

  private static Entry entry(Path file, String name, JsonNode node) {
    if (!node.isObject()) {
      throw tensor(
          file, name, "the entry is %s, expected an object".formatted(ModelFile.typeOf(node)));
    }
    JsonNode type = node.path("dtype");
    DType dtype =
        DType.ofWireName(type.isString() ? type.stringValue() : "")
            .orElseThrow(
                () ->
                    tensor(
                        file,
                        name,
                        "dtype is %s, expected one of %s"
                            .formatted(
                                type.isString()
                                    ? Quoted.of(type.stringValue())
                                    : ModelFile.typeOf(type),
                                DType.known())));
    long[] shape = longs(file, name, "shape", node.path("shape"));
    long[] offsets = longs(file, name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw tensor(
          file,
          name,
          "data_offsets are %s, expected [begin, end] with begin ≤ end"
              .formatted(Arrays.toString(offsets)));
    }
    long expected;
    try {
      expected = TensorView.byteSize(dtype, shape);
    } catch (ArithmeticException e) {
      throw tensor(
          file,
          name,
          "shape %s of %s overflows: expected a size below 2^63 bytes"
              .formatted(Arrays.toString(shape), dtype.wireName()));
    }
    if (offsets[1] - offsets[0] != expected) {
      throw tensor(
          file,
          name,
          "data_offsets %s span %d bytes, expected %d for %s %s"
              .formatted(
                  Arrays.toString(offsets),
                  offsets[1] - offsets[0],
                  expected,
                  dtype.wireName(),
                  Arrays.toString(shape)));
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private static long[] longs(Path file, String name, String field, JsonNode node) {
    if (!node.isArray()) {
      throw tensor(
          file,
          name,
          "%s is %s, expected an array of non-negative integers"
              .formatted(field, ModelFile.typeOf(node)));
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw tensor(
            file,
            name,
            "%s holds %s, expected a non-negative integer below 2^63"
                .formatted(field, number(value)));
      }
      values[i] = value.longValue();
    }
    return values;
  }

  /** The tensors, in order of their offsets, must cover bytes 0 to {@code dataBytes} exactly. */
  private static void checkCoverage(Path file, List<Entry> entries, long dataBytes) {
    List<Entry> ordered = new ArrayList<>(entries);
    ordered.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long covered = 0;
    String previous = "the header";
    for (Entry entry : ordered) {
      if (entry.end() > dataBytes) {
        throw tensor(
            file,
            entry.name(),
            "data ends at byte %d, but only %d bytes follow the header: the file is truncated or its header is wrong"
                .formatted(entry.end(), dataBytes));
      }
      if (entry.begin() < covered) {
        throw tensor(
            file,
            entry.name(),
            "data begins at byte %d and overlaps %s, expected byte %d"
                .formatted(entry.begin(), previous, covered));
      }
      if (entry.begin() > covered) {
        throw tensor(
            file,
            entry.name(),
            "data begins at byte %d and leaves a hole after %s, expected byte %d"
                .formatted(entry.begin(), previous, covered));
      }
      covered = entry.end();
      previous = "tensor " + Quoted.of(entry.name());
    }
    if (covered != dataBytes) {
      throw new CheckpointException(
          "%s: %d bytes follow the header, expected %d: %d bytes at the end belong to no tensor"
              .formatted(file, dataBytes, covered, dataBytes - covered));
    }
  }

  private static CheckpointException tensor(Path file, String name, String what) {
    return new CheckpointException("%s: tensor %s: %s".formatted(file, Quoted.of(name), what));
  }

  private static String number(JsonNode value) {
    return value.isNumber() ? value.toString() : ModelFile.typeOf(value);
  }
}
