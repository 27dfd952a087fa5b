package dev.freshet.lab.load;

import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.Bearer;
import dev.freshet.wire.CompletionRequest;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Encodes the requests of streams as HTTP: like a rollout's, with token ids and logprobs.
 *
 * @param authorization a line of the head, or empty text
 */
record StreamRequests(URI server, String authorization) {
  private static final int PROMPT_TOKEN = 1;

  /** Requests to {@code server} with the API key of the environment, if it has one. */
  static StreamRequests of(URI server) {
    return new StreamRequests(
        server,
        ApiKeys.ofClient("")
            .map(key -> "authorization: " + Bearer.header(key) + "\r\n")
            .orElse(""));
  }

  /** Head and body; the connection is closed after the response. */
  byte[] bytes(int promptTokens, int maxTokens) {
    int[] prompt = new int[promptTokens];
    Arrays.fill(prompt, PROMPT_TOKEN);
    byte[] body =
        CompletionRequest.tokens(prompt).maxTokens(maxTokens).ignoreEos(true).stream(true)
            .logprobs(0)
            .returnTokenIds(true)
            .build()
            .toJson();
    byte[] head =
        """
        POST /v1/completions HTTP/1.1\r
        host: %s\r
        content-type: application/json\r
        connection: close\r
        content-length: %d\r
        %s\r
        """
            .formatted(server.getAuthority(), body.length, authorization)
            .getBytes(StandardCharsets.US_ASCII);
    byte[] whole = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, whole, head.length, body.length);
    return whole;
  }
}
