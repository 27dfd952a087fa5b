/**
 * The policy-gradient algorithms: which advantages each takes, the loss of a token, and the mean
 * over a batch. Pure functions of a few vectors; they know no model, no batch and no file.
 */
@NullMarked
package dev.freshet.trainer.algorithm;

import org.jspecify.annotations.NullMarked;
