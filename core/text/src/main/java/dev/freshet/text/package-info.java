/**
 * Text and tokens: the tokenizer of a Hugging Face {@code tokenizer.json}, incremental decoding of
 * tokens to text, and a character tokenizer for small decoders. Independent of models and HTTP.
 */
@NullMarked
package dev.freshet.text;

import org.jspecify.annotations.NullMarked;
