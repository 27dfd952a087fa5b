/** The page that every role shows in a browser, and what it is told of the run. */
@NullMarked
package dev.freshet.dashboard;

import org.jspecify.annotations.NullMarked;
