package dev.freshet.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What a server and a front have in common on HTTP; the names are vLLM's. */
final class HttpOptions {
  @Option(
      names = "--ssl-certfile",
      paramLabel = "FILE",
      description =
          "PEM file with the certificate of the data listener, then those of its issuers (default:"
              + " http.ssl_certfile).")
  private Optional<String> certificates = Optional.empty();

  @Option(
      names = "--ssl-keyfile",
      paramLabel = "FILE",
      description = "PEM file with the key of that certificate (default: http.ssl_keyfile).")
  private Optional<String> key = Optional.empty();

  @Option(
      names = "--allowed-origins",
      paramLabel = "ORIGIN,…",
      description =
          "Origins whose web pages may use the data listener; * is any (default:"
              + " http.allowed_origins).")
  private Optional<String> origins = Optional.empty();

  /** These options as overrides of the configuration. */
  Map<String, String> overrides() {
    Map<String, String> overrides = new LinkedHashMap<>();
    certificates.ifPresent(file -> overrides.put("http.ssl_certfile", file));
    key.ifPresent(file -> overrides.put("http.ssl_keyfile", file));
    origins.ifPresent(list -> overrides.put("http.allowed_origins", list));
    return overrides;
  }
}
