package dev.freshet.http;

import dev.freshet.trace.LiveFeed;

/**
 * A page about a run, {@code GET /}, and what it is told of it, {@code GET /events}.
 *
 * @param html all of the page, which asks for the events itself
 */
public record LivePage(byte[] html, LiveFeed feed) {}
