/** A recorded run on a time axis, as a trace that viewers open. */
@NullMarked
package dev.freshet.analysis.timeline;

import org.jspecify.annotations.NullMarked;
