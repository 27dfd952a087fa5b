package dev.freshet.rollouts.primerl;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;

/**
 * Encodes micro-batches as prime-rl's {@code MicroBatch}, a structure of msgspec without names:
 * MessagePack's array of {@code [input_ids, loss_mask, advantages, inference_logprobs,
 * position_ids, sequence_lengths, temperatures, env_names, seq_lens]}; the optional fields after
 * these are left out. All but the lengths have a value a token. Numbers are 64-bit floats.
 */
public final class MicroBatchWriter {
  private static final int FIELDS = 9;

  /** prime-rl's own padding: any token will do, it has no loss. */
  private static final int PADDING_ID = 1;

  private MicroBatchWriter() {}

  /**
   * The micro-batches of each rank, encoded.
   *
   * @throws dev.freshet.rollouts.BatchException if a rollout does not fit
   */
  public static List<byte[]> encode(TrainingBatch batch, RankPacking packing) {
    return packing.divide(batch).stream().map(MicroBatchWriter::encode).toList();
  }

  /** The micro-batches of one rank. */
  static byte[] encode(List<PackedRollouts> rank) {
    try (MessageBufferPacker out = MessagePack.newDefaultBufferPacker()) {
      out.packArrayHeader(rank.size());
      for (PackedRollouts packed : rank) {
        write(out, packed);
      }
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("a micro-batch cannot be encoded in memory", e);
    }
  }

  /** Writes the value of a token. */
  private interface TokenValue {
    void write(Rollout rollout, int token) throws IOException;
  }

  /** Writes the value of a token of the padding. */
  private interface PaddingValue {
    void write(int token) throws IOException;
  }

  private static void write(MessageBufferPacker out, PackedRollouts packed) throws IOException {
    out.packArrayHeader(FIELDS);
    column(
        out,
        packed,
        (rollout, i) -> out.packInt(rollout.trajectory().tokenIds()[i]),
        _ -> out.packInt(PADDING_ID));
    column(
        out,
        packed,
        (rollout, i) -> out.packBoolean(packed.trained() && rollout.trajectory().generated()[i]),
        _ -> out.packBoolean(false));
    column(
        out,
        packed,
        (rollout, i) -> out.packDouble(packed.trained() ? advantage(rollout, i) : 0),
        _ -> out.packDouble(0));
    column(
        out,
        packed,
        (rollout, i) -> out.packDouble(rollout.trajectory().logprobs()[i]),
        _ -> out.packDouble(0));
    column(out, packed, (_, i) -> out.packInt(i), out::packInt);
    lengths(out, packed);
    column(
        out,
        packed,
        (rollout, _) -> out.packDouble(rollout.sampling().temperature()),
        _ -> out.packDouble(1));
    column(
        out,
        packed,
        (rollout, _) -> out.packString(rollout.environment()),
        _ -> out.packString(""));
    lengths(out, packed);
  }

  /** The rollout's advantage is that of the tokens that the policy generated. */
  private static double advantage(Rollout rollout, int token) {
    return rollout.trajectory().generated()[token] ? rollout.advantage() : 0;
  }

  private static void column(
      MessageBufferPacker out, PackedRollouts packed, TokenValue value, PaddingValue padding)
      throws IOException {
    out.packArrayHeader(packed.tokens());
    for (Rollout rollout : packed.rollouts()) {
      for (int token = 0; token < PackedRollouts.length(rollout); token++) {
        value.write(rollout, token);
      }
    }
    for (int token = 0; token < packed.padding(); token++) {
      padding.write(token);
    }
  }

  private static void lengths(MessageBufferPacker out, PackedRollouts packed) throws IOException {
    List<Integer> lengths = packed.lengths();
    out.packArrayHeader(lengths.size());
    for (int length : lengths) {
      out.packInt(length);
    }
  }
}
