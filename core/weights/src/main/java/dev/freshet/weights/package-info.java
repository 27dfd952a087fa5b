/**
 * Model weights on disk: safetensors files over memory mappings, checkpoints (one file or sharded),
 * and the store by which a trainer publishes them and readers await, verify and drop them. Knows
 * nothing of the model or of libtorch.
 */
@NullMarked
package dev.freshet.weights;

import org.jspecify.annotations.NullMarked;
