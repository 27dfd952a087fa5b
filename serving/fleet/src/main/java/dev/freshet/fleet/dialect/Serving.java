package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminResult;
import java.util.Optional;

/**
 * What a server says that it serves.
 *
 * @param name the version as it reports it; empty if it reports none
 * @param paused whether generation is paused; empty if it does not say
 */
public record Serving(Optional<String> name, Optional<Boolean> paused) {
  /** The version of the model that vLLM and SGLang were started with. */
  static final String FIRST = "default";

  /** What the answer to a weight operation says. */
  public static Serving of(AdminResult result) {
    return new Serving(Optional.of(result.weightVersion()), Optional.empty());
  }

  /** The policy version; empty if it reports none, or one that is not a number. */
  public Optional<Long> version() {
    return name.flatMap(text -> text.equals(FIRST) ? Optional.of(0L) : Target.version(text));
  }

  /** Whether it says the version of the model that it was started with. */
  public boolean isFirst() {
    return name.filter(FIRST::equals).isPresent();
  }

  /** Whether it serves {@code version}, of whichever attempt. */
  public boolean serves(long version) {
    return version().filter(found -> found == version).isPresent();
  }

  /** In words, for an error. */
  public String inWords() {
    return name.map(text -> "version " + text).orElse("a version that it does not report")
        + (paused.orElse(false) ? ", paused" : "");
  }
}
