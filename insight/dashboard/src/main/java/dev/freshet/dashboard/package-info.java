/** The live page of a run that every role serves, and what it shows. */
@NullMarked
package dev.freshet.dashboard;

import org.jspecify.annotations.NullMarked;
