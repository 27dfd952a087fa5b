package dev.freshet.trace;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;

/**
 * How long the parts of one weight operation took, in milliseconds, in the order they were added.
 * Parts whose names {@link UpdatePart} does not know are kept under those names. Immutable.
 */
public final class PartTimes {
  /** No parts. */
  public static final PartTimes NONE = new PartTimes(Map.of());

  private final Map<String, Double> ms;

  private PartTimes(Map<String, Double> ms) {
    this.ms = Collections.unmodifiableMap(ms);
  }

  /** The parts as another program reports them. */
  public static PartTimes of(Map<String, Double> byWireName) {
    return new PartTimes(new LinkedHashMap<>(byWireName));
  }

  /** Adds a part. */
  public PartTimes with(UpdatePart part, double millis) {
    return with(part.wireName(), millis);
  }

  /** Adds a part, possibly with a name that {@link UpdatePart} does not know. */
  public PartTimes with(String wireName, double millis) {
    Map<String, Double> more = new LinkedHashMap<>(ms);
    more.put(wireName, millis);
    return new PartTimes(more);
  }

  /** Adds a part if its time is known. */
  public PartTimes with(UpdatePart part, OptionalDouble millis) {
    return millis.isPresent() ? with(part, millis.getAsDouble()) : this;
  }

  /** Adds all parts of {@code others}. */
  public PartTimes with(PartTimes others) {
    Map<String, Double> more = new LinkedHashMap<>(ms);
    more.putAll(others.ms);
    return new PartTimes(more);
  }

  /** How long a part took, if known. */
  public OptionalDouble ms(UpdatePart part) {
    return Optional.ofNullable(ms.get(part.wireName())).stream()
        .mapToDouble(Double::doubleValue)
        .findFirst();
  }

  /** The parts that are not phases: totals, and parts of the queue time. */
  public PartTimes totals() {
    return filtered(false);
  }

  /** The phases, including those with unknown names. */
  public PartTimes phases() {
    return filtered(true);
  }

  private PartTimes filtered(boolean phases) {
    Map<String, Double> some = new LinkedHashMap<>(ms);
    some.keySet()
        .removeIf(name -> UpdatePart.of(name).map(UpdatePart::isPhase).orElse(true) != phases);
    return new PartTimes(some);
  }

  /** Every part by its wire name, in order. */
  public Map<String, Double> byWireName() {
    return ms;
  }

  /** Calls {@code part} with every wire name and its milliseconds, in order. */
  public void forEach(BiConsumer<String, Double> part) {
    ms.forEach(part);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PartTimes times && ms.equals(times.ms);
  }

  @Override
  public int hashCode() {
    return ms.hashCode();
  }

  @Override
  public String toString() {
    return ms.toString();
  }
}
