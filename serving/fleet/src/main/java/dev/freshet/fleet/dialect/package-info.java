/**
 * How each inference server program is asked to serve other weights: one file a program, which
 * declares what the program can do and makes its calls.
 */
@NullMarked
package dev.freshet.fleet.dialect;

import org.jspecify.annotations.NullMarked;
