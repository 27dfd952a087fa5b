/** Measures weight swaps of a server that decodes, and compares them with copying the weights. */
@NullMarked
package dev.freshet.lab.swap;

import org.jspecify.annotations.NullMarked;
