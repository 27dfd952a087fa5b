/**
 * Model weights on disk: memory-mapped safetensors files, checkpoints (one file or sharded), and
 * the store in which a trainer publishes them and readers await, verify and delete them.
 * Independent of the model and of libtorch.
 */
@NullMarked
package dev.freshet.weights;

import org.jspecify.annotations.NullMarked;
