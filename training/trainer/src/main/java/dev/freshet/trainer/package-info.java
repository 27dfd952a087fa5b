/**
 * The trainer: batch to loss to backward to step to published weights, and the supervised warm-up
 * before it. Never speaks to the inference server.
 */
@NullMarked
package dev.freshet.trainer;

import org.jspecify.annotations.NullMarked;
