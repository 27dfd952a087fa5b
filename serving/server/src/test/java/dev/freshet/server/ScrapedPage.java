package dev.freshet.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A metrics page in the text format, as a scraper reads it. */
public record ScrapedPage(String text) {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** Scrapes the role at a root URL. */
  public static ScrapedPage of(URI role) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = get(role, "/metrics");
    if (answer.statusCode() != 200) {
      throw new AssertionError("HTTP " + answer.statusCode());
    }
    return new ScrapedPage(new String(answer.body(), StandardCharsets.UTF_8));
  }

  /** Sends a GET. */
  public static HttpResponse<byte[]> get(URI role, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(role.resolve(path)).timeout(LONG);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          (headers.length > 0 ? request.headers(headers) : request).build(),
          HttpResponse.BodyHandlers.ofByteArray());
    }
  }

  /** Whether the page has this series; labels in alphabetical order. */
  public boolean has(String series) {
    return text.lines().anyMatch(line -> line.startsWith(series + " "));
  }

  /** The value of a series; labels in alphabetical order. */
  public double value(String series) {
    return text.lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + series + " in\n" + text));
  }
}
