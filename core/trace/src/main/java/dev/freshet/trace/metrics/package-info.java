/**
 * What a role measures of itself, as Prometheus wants it: the metrics of each role, the registry
 * that a page of them is made from, and histograms that are cheap enough for a decode loop. Serving
 * the page is others' work.
 */
@NullMarked
package dev.freshet.trace.metrics;

import org.jspecify.annotations.NullMarked;
