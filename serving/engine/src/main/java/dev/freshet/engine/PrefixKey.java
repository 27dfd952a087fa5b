package dev.freshet.engine;

import java.util.Optional;

/**
 * What sequences must have in common, besides their tokens, to share KV blocks.
 *
 * @param salt the cache salt of the request
 * @param adapter the id of the adapter that computed keys and values; 0 for the base model
 */
record PrefixKey(Optional<String> salt, long adapter) {}
