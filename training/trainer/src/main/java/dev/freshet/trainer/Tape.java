package dev.freshet.trainer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a decoder's forward pass with what their gradients need, in their order.
 * Between two additions to the residual stream the operations are a chain: the gradient of an
 * operation's input is that of the output of the operation before it. So {@link #back} takes them
 * in reverse.
 *
 * <p>Belongs to one thread at a time.
 */
final class Tape {
  /** One operation. */
  @FunctionalInterface
  interface Entry {
    /** The gradient of the operation's input. Adds the gradients of its parameters to theirs. */
    Tensor gradient(Tensor outputGradient);
  }

  private final Deque<Entry> entries = new ArrayDeque<>();
  private @Nullable PointerScope scope;

  /** Forgets all operations and keeps what is recorded from now on in the innermost scope. */
  void begin() {
    entries.clear();
    scope = PointerScope.getInnerScope();
  }

  /**
   * Appends an operation.
   *
   * @param read the tensors that the entry reads
   */
  void record(Entry entry, Tensor... read) {
    PointerScope kept = Objects.requireNonNull(scope, "no open scope");
    for (Tensor tensor : read) {
      kept.attach(tensor);
    }
    entries.push(entry);
  }

  /** The gradient of the input of the last operation, which is removed. */
  Tensor back(Tensor outputGradient) {
    return entries.pop().gradient(outputGradient);
  }
}
