/**
 * Time and events: trace ids, injected monotonic clocks, the tagged event log with its sinks
 * (flight recorder, spans, live feed), the timings of an admin call, and the waits of a process.
 * Knows nothing of HTTP or tensors.
 */
@NullMarked
package dev.freshet.trace;

import org.jspecify.annotations.NullMarked;
