package dev.freshet.server;

import dev.freshet.engine.FinishReason;
import dev.freshet.http.JsonBuffer;

/** How a completion ended, and the stop string or token that ended it. */
sealed interface Finish {
  /** Why it ended. */
  FinishReason reason();

  /** Writes the wire's {@code stop_reason}. */
  void writeStop(JsonBuffer out);

  /** A stop string was generated. */
  record ByText(String stop) implements Finish {
    @Override
    public FinishReason reason() {
      return FinishReason.STOP;
    }

    @Override
    public void writeStop(JsonBuffer out) {
      out.string(stop);
    }
  }

  /** A stop token of the request was generated. */
  record ByToken(int stop) implements Finish {
    @Override
    public FinishReason reason() {
      return FinishReason.STOP;
    }

    @Override
    public void writeStop(JsonBuffer out) {
      out.integer(stop);
    }
  }

  /** Any other end, including the model's end-of-sequence token. */
  record Plain(FinishReason reason) implements Finish {
    private static final byte[] NULL = JsonBuffer.ascii("null");

    @Override
    public void writeStop(JsonBuffer out) {
      out.raw(NULL);
    }
  }
}
