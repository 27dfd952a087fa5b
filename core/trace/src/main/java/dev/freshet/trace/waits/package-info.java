/** The waits of a process, and which role blocks which. */
@NullMarked
package dev.freshet.trace.waits;

import org.jspecify.annotations.NullMarked;
