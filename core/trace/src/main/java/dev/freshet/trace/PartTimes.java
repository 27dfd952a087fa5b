package dev.freshet.trace;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;

/**
 * How long the parts of one weight operation took, in milliseconds, in the order they were added. A
 * part that a server reports under a name that {@link UpdatePart} does not know is kept under that
 * name. Immutable.
 */
public final class PartTimes {
  public static final PartTimes NONE = new PartTimes(Map.of());

  private final Map<String, Double> ms;

  private PartTimes(Map<String, Double> ms) {
    this.ms = Collections.unmodifiableMap(ms);
  }

  /** The parts as another program reports them. */
  public static PartTimes of(Map<String, Double> byWireName) {
    return new PartTimes(new LinkedHashMap<>(byWireName));
  }

  /** These and a further part. */
  public PartTimes with(UpdatePart part, double millis) {
    return with(part.wireName(), millis);
  }

  /** These and a further part, also one whose name {@link UpdatePart} does not know. */
  public PartTimes with(String wireName, double millis) {
    Map<String, Double> more = new LinkedHashMap<>(ms);
    more.put(wireName, millis);
    return new PartTimes(more);
  }

  /** These and a further part, if it is known. */
  public PartTimes with(UpdatePart part, OptionalDouble millis) {
    return millis.isPresent() ? with(part, millis.getAsDouble()) : this;
  }

  /** These and all of {@code others}. */
  public PartTimes with(PartTimes others) {
    Map<String, Double> more = new LinkedHashMap<>(ms);
    more.putAll(others.ms);
    return new PartTimes(more);
  }

  /** How long a part took, if that is known. */
  public OptionalDouble ms(UpdatePart part) {
    return Optional.ofNullable(ms.get(part.wireName())).stream()
        .mapToDouble(Double::doubleValue)
        .findFirst();
  }

  /** The parts that are no phases: totals, and parts of the queue time. */
  public PartTimes totals() {
    return filtered(false);
  }

  /** The phases, those of unknown names included. */
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

  /** Passes every part, by its wire name, in order. */
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
