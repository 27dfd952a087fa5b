/**
 * The embedded inference engine: admission, decode loop, sampler, KV cache slots and the weight
 * swap. Knows nothing of HTTP.
 */
@NullMarked
package dev.freshet.engine;

import org.jspecify.annotations.NullMarked;
