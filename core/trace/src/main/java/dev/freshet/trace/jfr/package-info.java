/**
 * Events of the JDK's flight recorder: the same events and figures as the log, in the category
 * "Freshet". Lengths in fields are the log's; an event's own duration is the recorder's. While
 * nothing is recorded an event costs one test of a flag.
 */
@NullMarked
package dev.freshet.trace.jfr;

import org.jspecify.annotations.NullMarked;
