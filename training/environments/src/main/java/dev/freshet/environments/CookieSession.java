package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A session of an HTTP server that knows its client by cookies: posts of JSON, each of which
 * carries the cookies that earlier answers set. Every post has the deadline of the session.
 * Failures are {@link ForeignEnvironmentException}s that name the URL; an answer that is too long
 * is an {@link UnusableStepException}. Used by one thread at a time.
 */
final class CookieSession {
  /** The most bytes of an answer, which repeats the request. */
  private static final int MOST_BYTES = 8 << 20;

  private static final int SHOWN = 200;

  /** Python programs write {@code NaN}, which is no JSON: what it is the value of is then known. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final HttpClient client;
  private final String root;
  private final Duration deadline;
  private final Map<String, String> cookies = new LinkedHashMap<>();

  CookieSession(HttpClient client, String root, long deadlineS) {
    this.client = client;
    this.root = root.replaceFirst("/*$", "");
    this.deadline = Duration.ofSeconds(deadlineS);
  }

  /** Posts {@code body} to a path below the root and returns the answer. */
  JsonNode post(String path, JsonNode body) {
    String url = root + "/" + path;
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url))
            .timeout(deadline)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()));
    if (!cookies.isEmpty()) {
      request.header("Cookie", cookieHeader());
    }
    try {
      HttpResponse<InputStream> answer = client.send(request.build(), BodyHandlers.ofInputStream());
      answer.headers().allValues("Set-Cookie").forEach(this::keep);
      String text = text(url, answer.body());
      if (answer.statusCode() != 200) {
        throw new ForeignEnvironmentException(
            "%s answered with status %d: %s".formatted(url, answer.statusCode(), shown(text)));
      }
      return JSON.readTree(text);
    } catch (JacksonException e) {
      throw new ForeignEnvironmentException(
          "%s answered with what is not JSON: %s".formatted(url, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new ForeignEnvironmentException("%s cannot be asked: %s".formatted(url, e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ForeignEnvironmentException("interrupted", e);
    }
  }

  private String cookieHeader() {
    return cookies.entrySet().stream()
        .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
        .collect(Collectors.joining("; "));
  }

  private void keep(String setCookie) {
    String[] pair = setCookie.split(";", 2)[0].split("=", 2);
    if (pair.length == 2) {
      cookies.put(pair[0].strip(), pair[1].strip());
    }
  }

  private static String text(String url, InputStream body) throws IOException {
    try (body) {
      byte[] bytes = body.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new UnusableStepException(
            Kind.SIZE, "%s: an answer of more than %d bytes".formatted(url, MOST_BYTES));
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private static String shown(String text) {
    String line = text.replaceAll("\\s+", " ");
    return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
  }

  @Override
  public String toString() {
    return root;
  }
}
