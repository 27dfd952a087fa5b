/**
 * The bottleneck and its cure: weight updates beside streams, once through the streams' own
 * connection pool and once on a lane of their own, and the reports on it.
 */
@NullMarked
package dev.freshet.lab.lanes;

import org.jspecify.annotations.NullMarked;
