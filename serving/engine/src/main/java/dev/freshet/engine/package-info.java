/**
 * The embedded inference engine: admission queue, scheduler, decode loop, sampler, KV blocks and
 * the weight swap. It knows nothing of HTTP.
 */
@NullMarked
package dev.freshet.engine;

import org.jspecify.annotations.NullMarked;
