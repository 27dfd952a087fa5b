/**
 * The trainer: from a batch to the loss, the optimizer step and the published weights; and the
 * supervised warm-up. Never talks to an inference server.
 */
@NullMarked
package dev.freshet.trainer;

import org.jspecify.annotations.NullMarked;
