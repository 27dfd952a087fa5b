package dev.freshet.inference.front;

import dev.freshet.inference.FinishReason;
import io.netty.buffer.ByteBuf;

/** How a completion ended, and what stopped it. */
sealed interface Finish {
  /** Why it ended. */
  FinishReason reason();

  /** Writes the wire's {@code stop_reason}. */
  void writeStop(ByteBuf out);

  /** A stop string was generated. */
  record ByText(String stop) implements Finish {
    @Override
    public FinishReason reason() {
      return FinishReason.STOP;
    }

    @Override
    public void writeStop(ByteBuf out) {
      Json.string(out, stop);
    }
  }

  /** A stop token of the request was generated. */
  record ByToken(int stop) implements Finish {
    @Override
    public FinishReason reason() {
      return FinishReason.STOP;
    }

    @Override
    public void writeStop(ByteBuf out) {
      Json.integer(out, stop);
    }
  }

  /** Anything else, the model's own end token included. */
  record Plain(FinishReason reason) implements Finish {
    @Override
    public void writeStop(ByteBuf out) {
      Json.ascii(out, "null");
    }
  }
}
