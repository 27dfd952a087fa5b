/**
 * The inference server: the engine (scheduler, KV cache, sampler, weight swap) and the front (data
 * listener, admin listener, server-sent events). Knows nothing of environments or losses.
 */
@NullMarked
package dev.freshet.inference;

import org.jspecify.annotations.NullMarked;
