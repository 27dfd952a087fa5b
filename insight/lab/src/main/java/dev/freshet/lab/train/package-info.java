/** Measures training steps, beside those of plain PyTorch on the same batch. */
@NullMarked
package dev.freshet.lab.train;

import org.jspecify.annotations.NullMarked;
