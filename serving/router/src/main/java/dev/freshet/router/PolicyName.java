package dev.freshet.router;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.Locale;

/** The policies by the names of the configuration. */
public enum PolicyName {
  STICKY_LEAST_LOADED,
  LEAST_LOADED,
  ROUND_ROBIN,
  PREFIX;

  /** The name in the configuration. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  Policy make(RouterConfig config, MonotonicClock clock) {
    SpillBudget budget =
        new SpillBudget(config.maxInFlight(), config.spillFactor(), config.spillSlack());
    return switch (this) {
      case STICKY_LEAST_LOADED ->
          new StickyLeastLoaded(budget, Duration.ofSeconds(config.sessionTtlS()), clock);
      case LEAST_LOADED -> new LeastLoaded();
      case ROUND_ROBIN -> new RoundRobin();
      case PREFIX -> new Prefix(budget);
    };
  }
}
