package dev.freshet.analysis.read;

import dev.freshet.trace.UpdatePart;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * How long the parts of one admin call took, in milliseconds: every {@link UpdatePart}, NaN where
 * it is unknown, and parts under other names. An array and a map that is usually the empty one, as
 * an analysis holds one for each of up to 65,536 calls. Immutable.
 */
public final class PartMillis {
  private static final UpdatePart[] PARTS = UpdatePart.values();

  /** No part is known. */
  public static final PartMillis NONE = of(_ -> Double.NaN);

  private final double[] known;
  private final Map<String, Double> others;

  private PartMillis(double[] known, Map<String, Double> others) {
    this.known = known;
    this.others = others;
  }

  /** The parts as {@code ms} gives them, NaN for one that is unknown. */
  public static PartMillis of(ToDoubleFunction<UpdatePart> ms) {
    double[] known = new double[PARTS.length];
    for (UpdatePart part : PARTS) {
      known[index(part)] = ms.applyAsDouble(part);
    }
    return new PartMillis(known, Map.of());
  }

  /** How long a part took; NaN if it is unknown. */
  public double ms(UpdatePart part) {
    return known[index(part)];
  }

  @SuppressWarnings("EnumOrdinal") // What an EnumMap does, without an object for every figure.
  private static int index(UpdatePart part) {
    return part.ordinal();
  }

  /** Whether a part is known. */
  public boolean has(UpdatePart part) {
    return !Double.isNaN(ms(part));
  }

  /** Parts that {@link UpdatePart} does not list, by wire name, in the order reported. */
  public Map<String, Double> others() {
    return others;
  }

  /** These parts, one of them with another value. */
  public PartMillis with(UpdatePart part, double ms) {
    if (Double.compare(ms, ms(part)) == 0) {
      return this;
    }
    double[] changed = known.clone();
    changed[index(part)] = ms;
    return new PartMillis(changed, others);
  }

  /** These parts with {@code more} as {@link #others}. */
  public PartMillis withOthers(Map<String, Double> more) {
    return more.isEmpty() ? this : new PartMillis(known, new LinkedHashMap<>(more));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PartMillis parts
        && Arrays.equals(known, parts.known)
        && others.equals(parts.others);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(known) + others.hashCode();
  }

  /** The parts that are known, by wire name. */
  @Override
  public String toString() {
    Map<String, Double> all = new LinkedHashMap<>();
    for (UpdatePart part : PARTS) {
      if (has(part)) {
        all.put(part.wireName(), ms(part));
      }
    }
    all.putAll(others);
    return all.toString();
  }
}
