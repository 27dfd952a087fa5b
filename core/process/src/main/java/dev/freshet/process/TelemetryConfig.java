package dev.freshet.process;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The configuration of telemetry. */
@Section("Export of telemetry during a run.")
public record TelemetryConfig(
    @Key(
            def = "",
            doc =
                "OTLP/HTTP endpoint for spans of weight updates, such as \"http://127.0.0.1:4318\";"
                    + " empty: no export")
        String otlpEndpoint) {
  public TelemetryConfig {
    Check.that(
        otlpEndpoint.isEmpty() || Check.isHttpUrl(otlpEndpoint),
        "otlpEndpoint",
        "empty, or a URL such as http://127.0.0.1:4318");
  }
}
