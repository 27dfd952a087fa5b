/**
 * Many inference servers as one: the dialect of each program, rotation of rollouts over replicas,
 * and the weight update of all of them.
 */
@NullMarked
package dev.freshet.fleet;

import org.jspecify.annotations.NullMarked;
