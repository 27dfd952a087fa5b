package dev.freshet.server;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Bytes that look like requests more or less: valid ones, and valid ones that were changed in their
 * JSON, in their head, or anywhere. The same seed gives the same bytes.
 */
final class FuzzedRequests {
  private static final List<String> METHODS =
      List.of("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "BREW", "");
  private static final List<String> PATHS =
      List.of(
          "/v1/completions",
          "/v1/chat/completions",
          "/inference/v1/generate",
          "/v1/messages",
          "/v1/messages/count_tokens",
          "/v1/responses",
          "/s/a",
          "/s/%2e%2e/v1/completions",
          "/s/a/v1/models",
          "/tokenize",
          "/detokenize",
          "/v1/models",
          "/v1/models/a%2Fb",
          "/health",
          "/load",
          "/openapi.json",
          "/metrics",
          "/update_weights",
          "/reload_weights",
          "/abort_requests",
          "/v1/load_lora_adapter",
          "/weight_info",
          "/",
          "/%00",
          "/%zz",
          "//",
          "*",
          "/nowhere?mode=keep&a=%");
  private static final List<String> BODIES =
      List.of(
          "{\"prompt\":\"ab\",\"max_tokens\":2}",
          "{\"prompt\":[4,5,6],\"max_tokens\":3,\"stream\":true,\"logprobs\":2,\"n\":2}",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}],\"max_tokens\":2,\"stream\":true}",
          "{\"token_ids\":[4,5],\"sampling_params\":{\"max_tokens\":2,\"temperature\":0.5}}",
          "{\"prompt\":\"ab\",\"max_tokens\":2,\"structured_outputs\":{\"regex\":\"[a-c]+\"}}",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}],\"max_tokens\":2,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"object\",\"properties\":{\"ab\":{\"type\":\"string\"}}}}}}",
          "{\"tokens\":[4,5,6]}",
          "{\"weight_dir\":\"/nowhere/step_1\",\"step\":1,\"mode\":\"keep\"}",
          "{\"request_ids\":[\"a\"]}",
          "{\"input\":\"abc\",\"max_output_tokens\":2,\"stream\":true}",
          "{\"reward\":0.5}",
          "{}",
          "");

  /** The routes that take each of these bodies. */
  private static final List<List<String>> FITTING =
      List.of(
          List.of("/v1/completions", "/tokenize", "/s/a/v1/completions"),
          List.of("/v1/completions", "/s/a/v1/completions"),
          List.of("/v1/chat/completions", "/tokenize", "/v1/messages", "/s/a/v1/messages"),
          List.of("/inference/v1/generate"),
          List.of("/v1/completions", "/s/a/v1/completions"),
          List.of("/v1/chat/completions", "/s/a/v1/chat/completions"),
          List.of("/detokenize"),
          List.of("/update_weights"),
          List.of("/abort_requests"),
          List.of("/v1/responses", "/s/a/v1/responses"),
          List.of("/s/a/reward"),
          List.of("/reload_weights", "/resume"),
          List.of("/v1/models", "/health", "/metrics", "/openapi.json", "/weight_info", "/load"));

  private static final List<String> VALUES =
      List.of(
          "null",
          "-1",
          "1e999",
          "99999999999999999999",
          "0.1e-400",
          "\"\\ud800\"",
          "[[[[[[]]]]]]",
          "{\"a\":{\"a\":{}}}",
          "true",
          "\"\"",
          "[null]",
          "nul",
          "\"\\u0000\"");
  private static final List<String> HEADERS =
      List.of(
          "Expect: 100-continue",
          "Expect: nothing",
          "Transfer-Encoding: chunked",
          "Transfer-Encoding: gzip",
          "Content-Length: 5",
          "Content-Length: -1",
          "Content-Encoding: gzip",
          "Connection: close",
          "Connection: upgrade, x",
          "Upgrade: websocket",
          "Origin: http://evil.example",
          "Origin: null",
          "Host: other.example",
          "Authorization: Basic ????",
          "Authorization: Bearer \u00ff",
          "Authorization: Bearer session:a",
          "x-api-key: session:/",
          "traceparent: 00-0-0-0",
          "x-trace-id: zzzz",
          "Accept-Encoding: gzip;q=0.000, *;q=9",
          "Last-Event-ID: 99999999999999999999",
          "Cookie: " + "c".repeat(9000),
          ": empty",
          "No colon");

  private final Random random;

  FuzzedRequests(long seed) {
    this.random = new Random(seed);
  }

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** The bytes that a client sends over one connection: one to three requests. */
  byte[] next() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int count = random.nextInt(8) == 0 ? 1 + random.nextInt(3) : 1;
    for (int i = 0; i < count; i++) {
      all.writeBytes(one());
    }
    return all.toByteArray();
  }

  private byte[] one() {
    int kind = random.nextInt(BODIES.size());
    byte[] body = body(BODIES.get(kind)).getBytes(StandardCharsets.UTF_8);
    boolean fitting = random.nextInt(3) > 0;
    if (random.nextInt(6) == 0) {
      changed(body);
    }
    StringBuilder head = new StringBuilder();
    String fits = BODIES.get(kind).isEmpty() ? "GET" : "POST";
    head.append(fitting ? fits : any(METHODS));
    head.append(' ')
        .append(fitting ? any(FITTING.get(kind)) : any(PATHS))
        .append(random.nextInt(20) == 0 ? " HTTP/1.0" : " HTTP/1.1");
    head.append("\r\nHost: localhost\r\n");
    for (int more = random.nextInt(4) - 1; more > 0; more--) {
      head.append(any(HEADERS)).append("\r\n");
    }
    boolean chunked = random.nextInt(6) == 0;
    head.append(
        chunked
            ? "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(body.length) + "\r\n"
            : "Content-Length: " + (body.length - (random.nextInt(12) == 0 ? 1 : 0)) + "\r\n\r\n");
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    byte[] start = head.toString().getBytes(StandardCharsets.ISO_8859_1);
    request.writeBytes(random.nextInt(5) == 0 ? changed(start) : start);
    request.writeBytes(body);
    if (chunked) {
      request.writeBytes("\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    byte[] bytes = request.toByteArray();
    return random.nextInt(15) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes;
  }

  private String body(String body) {
    int colon = body.indexOf(':', random.nextInt(body.length() + 1));
    return switch (random.nextInt(8)) {
      case 0 -> colon < 0 ? body : body.substring(0, colon + 1) + any(VALUES) + "}";
      case 1 -> body.replaceFirst("\"[a-z_]+\":", "\"" + "x".repeat(random.nextInt(300)) + "\":");
      case 2 -> "[".repeat(1 + random.nextInt(3000));
      case 3 -> body.replaceFirst("ab", "\u00e4\ud83e\udd80 ".repeat(random.nextInt(200)));
      default -> body;
    };
  }

  /** Changes some of the bytes in place. */
  private byte[] changed(byte[] bytes) {
    for (int i = 1 + random.nextInt(3); i > 0 && bytes.length > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  /** Whether the client goes away without its answer. */
  boolean leaves() {
    return random.nextInt(10) == 0;
  }
}
