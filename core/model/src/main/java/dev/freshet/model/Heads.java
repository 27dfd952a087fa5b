package dev.freshet.model;

import org.bytedeco.pytorch.Tensor;

/**
 * The rows of a tensor {@code [1, time, width]} or {@code [1, time, heads, width]} in memory, which
 * may be a slice of another tensor. Valid while the tensor lives.
 *
 * @param tokenBytes from one token to the next
 * @param headBytes from one head to the next
 */
record Heads(long address, int tokens, int heads, int width, long tokenBytes, long headBytes) {
  static Heads of(Tensor tensor) {
    int last = Math.toIntExact(tensor.dim()) - 1;
    if (tensor.stride(last) != 1) {
      throw new IllegalArgumentException("the numbers of a row must lie side by side");
    }
    long size = tensor.element_size();
    boolean several = last == 3;
    return new Heads(
        tensor.data_ptr().address(),
        Math.toIntExact(tensor.size(1)),
        several ? Math.toIntExact(tensor.size(2)) : 1,
        Math.toIntExact(tensor.size(last)),
        tensor.stride(1) * size,
        several ? tensor.stride(2) * size : 0);
  }

  long at(int token, int head) {
    return address + token * tokenBytes + head * headBytes;
  }
}
