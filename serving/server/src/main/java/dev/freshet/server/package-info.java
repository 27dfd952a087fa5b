/**
 * The inference server: one engine behind a data listener for completions and an admin listener for
 * weight operations, each with its own event loops. The engine hands over the tokens of a step once
 * per event loop, which writes them to its streams. Weight operations run on a separate thread, so
 * streams and weight operations never wait for each other.
 */
@NullMarked
package dev.freshet.server;

import org.jspecify.annotations.NullMarked;
