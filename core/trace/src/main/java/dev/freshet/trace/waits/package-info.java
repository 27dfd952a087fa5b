/** What the roles of this process wait for, and what is wrong when that does not come. */
@NullMarked
package dev.freshet.trace.waits;

import org.jspecify.annotations.NullMarked;
