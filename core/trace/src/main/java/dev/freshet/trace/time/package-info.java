/** What a role did with its time: states that partition it, and their sums for each step. */
@NullMarked
package dev.freshet.trace.time;

import org.jspecify.annotations.NullMarked;
