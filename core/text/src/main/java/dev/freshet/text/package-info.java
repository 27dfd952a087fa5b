/**
 * Text and tokens: the tokenizer of a Hugging Face {@code tokenizer.json}, the streaming decode of
 * tokens to text, and a character tokenizer for small decoders. Knows nothing of models or HTTP.
 */
@NullMarked
package dev.freshet.text;

import org.jspecify.annotations.NullMarked;
