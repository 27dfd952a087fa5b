package dev.freshet.client;

/**
 * A server's answer to {@code GET /health}.
 *
 * @param healthy whether it accepts requests
 * @param status the HTTP status of the answer
 */
public record ServerHealth(boolean healthy, int status) {}
