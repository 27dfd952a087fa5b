/**
 * Time and what it is told by: trace ids, injected monotonic clocks, the tagged event log, the
 * timings of one admin call and the metrics file of a run. Knows nothing of HTTP or tensors.
 */
@NullMarked
package dev.freshet.trace;

import org.jspecify.annotations.NullMarked;
