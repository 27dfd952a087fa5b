package dev.freshet.http;

import dev.freshet.trace.LiveFeed;

/**
 * A page at {@code GET /} with its server-sent events at {@code GET /events}.
 *
 * @param html the whole page; it subscribes to the events itself
 * @param feed the events
 */
public record LivePage(byte[] html, LiveFeed feed) {}
