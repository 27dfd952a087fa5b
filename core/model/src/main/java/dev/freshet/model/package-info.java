/**
 * The decoder of the families in {@link ModelFamily} on libtorch: one definition, which the engine
 * runs with a KV cache and the trainer over whole sequences. Independent of HTTP and scheduling.
 */
@NullMarked
package dev.freshet.model;

import org.jspecify.annotations.NullMarked;
