/**
 * What the JDK's flight recorder is told: the same events and figures as the log, of category
 * "Freshet". Lengths that are fields are the log's; an event's own duration is the recorder's.
 * While nothing is recorded an event costs a test of a flag.
 */
@NullMarked
package dev.freshet.trace.jfr;

import org.jspecify.annotations.NullMarked;
