/**
 * GGUF files, the format of llama.cpp: metadata, and tensors of which several types are
 * dequantized. Independent of the model.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
@NullMarked
package dev.freshet.weights.gguf;

import org.jspecify.annotations.NullMarked;
