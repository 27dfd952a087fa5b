package dev.freshet.weights.gguf;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.CheckpointException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of a GGUF file. A missing key is empty; a key whose value has another type
 * than the one asked for is a {@link CheckpointException} that names the key.
 *
 * @param file names the file in messages
 */
public record GgufMetadata(Path file, Map<String, Value> values) {
  /** A value; numbers of all widths are one of two kinds. */
  sealed interface Value {
    /** What a message calls it. */
    String kind();

    /** A string. */
    record Text(String text) implements Value {
      @Override
      public String kind() {
        return "a string";
      }
    }

    /** An integer; an unsigned one above 2^63 is negative. */
    record Whole(long number) implements Value {
      @Override
      public String kind() {
        return "the integer " + number;
      }
    }

    /** A floating-point number. */
    record Decimal(double number) implements Value {
      @Override
      public String kind() {
        return "the number " + number;
      }
    }

    /** A truth value. */
    record Flag(boolean flag) implements Value {
      @Override
      public String kind() {
        return "a boolean";
      }
    }

    /** An array of strings. */
    record Texts(List<String> texts) implements Value {
      @Override
      public String kind() {
        return "an array of strings";
      }
    }

    /** An array of numbers or truth values. */
    record Numbers(List<Double> numbers) implements Value {
      @Override
      public String kind() {
        return "an array of numbers";
      }
    }
  }

  public GgufMetadata {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** The string of a key. */
  public Optional<String> text(String key) {
    return of(key, "a string", value -> value instanceof Value.Text(String text) ? text : null);
  }

  /** The truth value of a key. */
  public Optional<Boolean> flag(String key) {
    return of(key, "a boolean", value -> value instanceof Value.Flag(boolean flag) ? flag : null);
  }

  /** The integer of a key, which is 0 to 2^31 − 1. */
  public OptionalInt count(String key) {
    return of(
            key,
            "an integer from 0 to 2147483647",
            value ->
                value instanceof Value.Whole(long n) && n >= 0 && n <= Integer.MAX_VALUE
                    ? (int) n
                    : null)
        .map(OptionalInt::of)
        .orElse(OptionalInt.empty());
  }

  /** The finite number of a key. */
  public OptionalDouble decimal(String key) {
    return of(
            key,
            "a finite number",
            value ->
                switch (value) {
                  case Value.Decimal(double n) when Double.isFinite(n) -> n;
                  case Value.Whole(long n) -> (double) n;
                  default -> null;
                })
        .map(OptionalDouble::of)
        .orElse(OptionalDouble.empty());
  }

  /** The strings of a key; none if it is missing. */
  public List<String> texts(String key) {
    return of(
            key,
            "an array of strings",
            value ->
                switch (value) {
                  case Value.Texts(List<String> texts) -> texts;
                  case Value.Numbers(List<Double> none) when none.isEmpty() -> List.<String>of();
                  default -> null;
                })
        .orElse(List.of());
  }

  /** The numbers of a key; none if it is missing. */
  public List<Double> numbers(String key) {
    return of(
            key,
            "an array of numbers",
            value -> value instanceof Value.Numbers(List<Double> numbers) ? numbers : null)
        .orElse(List.of());
  }

  private <T> Optional<T> of(String key, String expected, Function<Value, @Nullable T> convert) {
    Value value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    T converted = convert.apply(value);
    if (converted == null) {
      throw new CheckpointException(
          "%s: key %s is %s, expected %s".formatted(file, Quoted.of(key), value.kind(), expected));
    }
    return Optional.of(converted);
  }
}
