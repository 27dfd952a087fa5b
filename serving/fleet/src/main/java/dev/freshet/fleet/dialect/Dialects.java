package dev.freshet.fleet.dialect;

import java.util.List;
import java.util.stream.Collectors;

/** Every dialect; {@link #ALL} is the registry. */
public final class Dialects {
  public static final Dialect FRESHET = new FreshetDialect();
  public static final Dialect VLLM = new VllmDialect();
  public static final Dialect VLLM_LORA = new VllmLoraDialect();
  public static final Dialect SGLANG = new SglangDialect();
  public static final Dialect PRIME_RL = new PrimeRlDialect();
  public static final Dialect DYNAMO = new DynamoDialect();

  public static final List<Dialect> ALL =
      List.of(FRESHET, VLLM, VLLM_LORA, SGLANG, PRIME_RL, DYNAMO);

  private Dialects() {}

  /**
   * The dialect of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Dialect named(String name) {
    return ALL.stream()
        .filter(dialect -> dialect.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected one of %s, got '%s'".formatted(names(), name)));
  }

  /** The names of all of them, in words. */
  public static String names() {
    return ALL.stream().map(Dialect::name).collect(Collectors.joining(", "));
  }
}
