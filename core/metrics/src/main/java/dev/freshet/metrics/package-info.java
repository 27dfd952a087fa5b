/**
 * The metrics registry, the Prometheus page made from it, a histogram cheap enough for a decode
 * loop, and the metrics files of a run. Each role defines its own series in its own room.
 */
@NullMarked
package dev.freshet.metrics;

import org.jspecify.annotations.NullMarked;
