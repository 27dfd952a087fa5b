package dev.freshet.environments;

import java.io.IOException;
import org.msgpack.core.MessageUnpacker;

/** The tokens of a message of verifiers while they are read. */
final class NodeTokens {
  int[] ids = {};
  boolean[] mask = {};
  float[] logprobs = {};

  /** Reads a field of the message. */
  void read(String field, MessageUnpacker in) throws IOException {
    switch (field) {
      case "token_ids" -> {
        ids = new int[MessageFields.size(in)];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = in.unpackInt();
        }
      }
      case "mask" -> {
        mask = new boolean[MessageFields.size(in)];
        for (int i = 0; i < mask.length; i++) {
          mask[i] = in.unpackBoolean();
        }
      }
      case "logprobs" -> {
        logprobs = new float[MessageFields.size(in)];
        for (int i = 0; i < logprobs.length; i++) {
          logprobs[i] = MessageFields.number(in).orElse(Double.NaN).floatValue();
        }
      }
      default -> in.skipValue();
    }
  }

  int sampledCount() {
    int count = 0;
    for (boolean sampled : mask) {
      count += sampled ? 1 : 0;
    }
    return count;
  }
}
