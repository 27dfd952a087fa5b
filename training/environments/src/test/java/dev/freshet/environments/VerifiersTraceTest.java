package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;

/** A tree of messages becomes the branches that a policy is trained on. */
class VerifiersTraceTest {
  private static final int ROOT = -1;

  private static void node(MessageBufferPacker out, int parent, boolean sampled, int... tokens)
      throws IOException {
    out.packMapHeader(sampled ? 5 : 4);
    out.packString("parent");
    if (parent == ROOT) {
      out.packNil();
    } else {
      out.packInt(parent);
    }
    out.packString("sampled");
    out.packBoolean(sampled);
    out.packString("token_ids");
    out.packArrayHeader(tokens.length);
    for (int token : tokens) {
      out.packInt(token);
    }
    out.packString("mask");
    out.packArrayHeader(tokens.length);
    for (int _ : tokens) {
      out.packBoolean(sampled);
    }
    if (sampled) {
      out.packString("logprobs");
      out.packArrayHeader(tokens.length);
      for (int token : tokens) {
        out.packFloat(-token);
      }
    }
  }

  @Test
  void aTurnThatTwoBranchesHaveInCommonIsSampledInTheFirstAlone() throws IOException {
    VerifiersTrace trace = new VerifiersTrace("a server", 3);
    try (MessageBufferPacker out = MessagePack.newDefaultBufferPacker()) {
      out.packArrayHeader(5);
      node(out, ROOT, false, 1, 2);
      node(out, 0, true, 3);
      node(out, 1, false, 4);
      node(out, 2, true, 5);
      node(out, 1, true, 6, 7); // The program has rewritten what came after message 1.
      try (MessageUnpacker in = MessagePack.newDefaultUnpacker(out.toByteArray())) {
        trace.read("nodes", in);
      }
    }

    List<PlayedBranch> branches = trace.branches();

    assertThat(branches)
        .extracting(PlayedBranch::tokenIds)
        .containsExactly(new int[] {1, 2, 3, 4, 5}, new int[] {1, 2, 3, 6, 7});
    assertThat(branches)
        .extracting(PlayedBranch::sampled)
        .containsExactly(
            new boolean[] {false, false, true, false, true},
            new boolean[] {false, false, false, true, true});
    assertThat(branches.getLast().logprobs()).containsExactly(0, 0, 0, -6, -7);
    assertThat(branches.getLast().policyVersions()).containsExactly(-1, -1, -1, 3, 3);
    assertThat(branches).extracting(PlayedBranch::turns).containsExactly(2, 1);
  }
}
