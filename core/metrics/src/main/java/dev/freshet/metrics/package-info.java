/**
 * The metrics registry, the Prometheus page made from it, and a histogram cheap enough for a decode
 * loop. Each role defines its own series in its own room.
 */
@NullMarked
package dev.freshet.metrics;

import org.jspecify.annotations.NullMarked;
