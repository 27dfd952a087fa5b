/**
 * The embedded inference engine: admission queue, decode loop, sampler, KV cache slots and the
 * weight swap. It knows nothing of HTTP.
 */
@NullMarked
package dev.freshet.engine;

import org.jspecify.annotations.NullMarked;
