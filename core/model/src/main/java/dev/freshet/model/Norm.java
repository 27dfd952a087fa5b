package dev.freshet.model;

import org.bytedeco.pytorch.Tensor;

/**
 * Normalisation by the root mean square of the last dimension, times a weight.
 *
 * @param weight {@code [width]}
 * @param offset whether the factor is 1 + the weight; computed in 32-bit floats, because a 16-bit
 *     sum would lose the weight's last digits
 */
public record Norm(Tensor weight, boolean offset, double eps) {}
