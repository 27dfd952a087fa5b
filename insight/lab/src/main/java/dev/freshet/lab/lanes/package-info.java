/**
 * Compares weight updates under streams: over the streams' shared connection pool and over a
 * dedicated admin connection.
 */
@NullMarked
package dev.freshet.lab.lanes;

import org.jspecify.annotations.NullMarked;
