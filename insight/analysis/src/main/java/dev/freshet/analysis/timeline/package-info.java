/** Writes a recorded run as a trace that viewers open. */
@NullMarked
package dev.freshet.analysis.timeline;

import org.jspecify.annotations.NullMarked;
