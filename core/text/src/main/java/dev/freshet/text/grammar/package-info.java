/**
 * Grammars of structured output: which texts are an instance of a JSON schema, match a regular
 * expression, or are one of some choices; and which tokens of a vocabulary may follow a beginning
 * of such a text. Grammars read bytes of UTF-8, because tokens divide texts between bytes.
 */
@NullMarked
package dev.freshet.text.grammar;

import org.jspecify.annotations.NullMarked;
