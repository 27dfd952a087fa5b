/** Measures fronts of a fleet beside each other: the cost and the added latency of many streams. */
@NullMarked
package dev.freshet.lab.route;

import org.jspecify.annotations.NullMarked;
