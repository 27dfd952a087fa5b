/**
 * Completions that stream from a server to be counted, of any number, length and pace, and what
 * came of them when.
 */
@NullMarked
package dev.freshet.lab.load;

import org.jspecify.annotations.NullMarked;
