package dev.freshet.client;

/**
 * A server's whole answer to an admin call.
 *
 * @param status the HTTP status
 * @param connectedNanos when the connection was established
 * @param answeredNanos when the last byte of the answer arrived
 */
public record AdminAnswer(int status, byte[] body, long connectedNanos, long answeredNanos) {}
