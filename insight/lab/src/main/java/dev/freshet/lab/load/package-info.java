/** Load generator: streams completions of any number, length and pace, and counts their tokens. */
@NullMarked
package dev.freshet.lab.load;

import org.jspecify.annotations.NullMarked;
