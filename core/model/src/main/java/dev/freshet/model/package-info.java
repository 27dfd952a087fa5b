/**
 * The decoder (Llama, Qwen2, Qwen3 and Mistral families) on libtorch: one definition, run with a KV
 * cache by the engine and over whole sequences by the trainer. Knows nothing of HTTP or scheduling.
 */
@NullMarked
package dev.freshet.model;

import org.jspecify.annotations.NullMarked;
