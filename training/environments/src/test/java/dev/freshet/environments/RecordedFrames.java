package dev.freshet.environments;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;

/**
 * Frames as an environment server of verifiers 0.4.0 sent them, in {@code verifiers-0.4.0/}: each
 * file is a run of MessagePack lists of a kind and a body. Only paths in them were replaced.
 */
final class RecordedFrames {
  /** A frame: its kind, {@code delta} or {@code reply}, and its body. */
  record Frame(String kind, byte[] body) {}

  private RecordedFrames() {}

  static List<Frame> of(String name) throws IOException {
    List<Frame> frames = new ArrayList<>();
    String file = "/verifiers-0.4.0/" + name + ".msgpack";
    try (InputStream in = Objects.requireNonNull(RecordedFrames.class.getResourceAsStream(file));
        MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(in)) {
      while (unpacker.hasNext()) {
        int _ = unpacker.unpackArrayHeader();
        String kind = unpacker.unpackString();
        frames.add(new Frame(kind, unpacker.readPayload(unpacker.unpackBinaryHeader())));
      }
    }
    return frames;
  }
}
