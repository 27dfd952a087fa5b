package dev.freshet.engine;

import dev.freshet.config.Check;
import dev.freshet.config.Key;

/** The limits of adapters (LoRA) that requests choose by name. */
public record AdapterLimits(
    @Key(
            def = "4",
            doc =
                "most adapters (LoRA) in memory, loaded ones and unloaded ones that running"
                    + " completions still use; 0: none can be loaded")
        int maxLoras,
    @Key(def = "64", doc = "highest rank of an adapter that can be loaded") int maxLoraRank) {
  public AdapterLimits {
    Check.that(maxLoras >= 0, "maxLoras", "0 or more");
    Check.positive("maxLoraRank", maxLoraRank);
  }
}
