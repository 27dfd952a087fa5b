package dev.freshet.http;

import java.util.Set;

/**
 * The routes of a data listener that need no API key: those by which balancers, scrapers and
 * clients learn whether the server works and what it is.
 */
public final class OpenRoutes {
  private static final Set<String> PATHS =
      Set.of("/health", "/liveness", "/ping", "/metrics", "/version", "/load", "/openapi.json");

  private OpenRoutes() {}

  /** Whether a path is such a route. */
  public static boolean contains(String path) {
    return PATHS.contains(path);
  }
}
