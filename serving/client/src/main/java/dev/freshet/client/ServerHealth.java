package dev.freshet.client;

/**
 * What a server answers to {@code GET /health}.
 *
 * @param healthy whether it takes requests
 * @param status the HTTP status it answered with
 */
public record ServerHealth(boolean healthy, int status) {}
