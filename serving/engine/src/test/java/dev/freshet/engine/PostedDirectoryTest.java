package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.QWEN3;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import dev.freshet.wire.UpdateMode;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an update makes of directories that other programs write. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PostedDirectoryTest {
  private static final int[] PROMPT = {320, 363, 364};

  @TempDir Path dir;

  @Test
  void tensorsThatTheModelDoesNotHaveArePassedOverUnlessTheConfigurationIsStrict()
      throws Exception {
    Path valued =
        Fixture.publishWith(
            dir,
            1,
            LLAMA,
            (_, arena) ->
                new TensorView("v_head.weight", DType.F64, new long[] {3}, arena.allocate(24)));
    List<Integer> tokens = Fixture.continuationOn(LLAMA, PROMPT, 12);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, valued, OptionalLong.empty());

      assertThat(engine.policyVersion()).isEqualTo(1);
      assertThat(Fixture.continuation(engine, PROMPT, 12)).isEqualTo(tokens);
    }
    try (EmbeddedEngine engine = Fixture.strictEngine(LLAMA)) {
      assertRefused(
          engine,
          valued,
          "1 tensors are not parameters",
          "'v_head.weight': expected none, because inference.strict_weights is set");
    }
  }

  @Test
  void aTensorThatTheModelDoesNotHaveIsNotReadWhateverItsSize() throws Exception {
    Path posted = Fixture.publish(dir, 1, LLAMA, (view, _) -> view);
    Files.delete(posted.resolve("manifest.json"));
    Path file = posted.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(file);
    int length = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String header = new String(whole, 8, length, StandardCharsets.UTF_8).strip();
    long data = whole.length - 8L - length;
    long sparse = 1L << 42;
    byte[] longer =
        "%s,\"huge\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,%d]}}"
            .formatted(header.substring(0, header.length() - 1), sparse, data, data + sparse)
            .getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(0);
      out.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(longer.length).array());
      out.write(longer);
      out.write(whole, 8 + length, (int) data);
      out.setLength(8L + longer.length + data + sparse);
    }
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, posted, OptionalLong.of(1));

      assertThat(engine.policyVersion()).isEqualTo(1);
    }
  }

  @Test
  void aTiedHeadIsTakenIfItIsIdenticalAndRefusedByNameIfItDiffers() throws Exception {
    Path same =
        Fixture.publishWith(
            dir,
            1,
            QWEN3,
            (tensors, _) -> {
              TensorView embedding =
                  Objects.requireNonNull(tensors.get("model.embed_tokens.weight"));
              return new TensorView(
                  "lm_head.weight", DType.F32, embedding.shape(), embedding.data());
            });
    Path other =
        Fixture.publishWith(
            dir,
            2,
            QWEN3,
            (tensors, arena) -> {
              TensorView embedding =
                  Objects.requireNonNull(tensors.get("model.embed_tokens.weight"));
              return new TensorView(
                  "lm_head.weight",
                  DType.F32,
                  embedding.shape(),
                  arena.allocate(embedding.data().byteSize()));
            });
    try (EmbeddedEngine engine = Fixture.engine(QWEN3)) {
      Fixture.update(engine, same, OptionalLong.empty());
      assertThat(engine.policyVersion()).isEqualTo(1);

      assertRefused(engine, other, "lm_head.weight differs from model.embed_tokens.weight");
    }
    assertThatExceptionOfType(EngineException.class)
        .as("as the base model")
        .isThrownBy(() -> Fixture.engine(other))
        .withMessageContaining("lm_head.weight differs from model.embed_tokens.weight");
  }

  @Test
  void aFifoInPlaceOfAFileIsRefusedAndTheNextUpdateGoesOn() throws Exception {
    Path next = Fixture.perturbed(dir.resolve("next"), 2, LLAMA, 0.01);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      for (String name : List.of("model.safetensors", "config.json", "manifest.json")) {
        Path posted = Fixture.perturbed(dir.resolve(name), 1, LLAMA, 0.01);
        Files.delete(posted.resolve("manifest.json"));
        Files.deleteIfExists(posted.resolve(name));
        assumeTrue(
            new ProcessBuilder("mkfifo", posted.resolve(name).toString()).start().waitFor() == 0);

        assertRefused(engine, posted, name + ": is a FIFO, a device or a socket, expected");
      }
      Fixture.update(engine, next, OptionalLong.of(2));
      assertThat(engine.policyVersion()).isEqualTo(2);
    }
  }

  @Test
  void aPathFromOutsideStaysOnOneLineOfTheMessage() throws Exception {
    Path forged = dir.resolve("x\n[weights]\u001b[31m");
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      assertRefused(engine, forged, "x\\u000a[weights\\]\\u001b[31m: no such directory");
      Path posted = Fixture.perturbed(forged, 1, LLAMA, 0.01);
      Files.delete(posted.resolve("STABLE"));
      assertRefused(engine, posted, "x\\u000a[weights\\]", "no STABLE marker");
      assertRefused(engine, Path.of("nowhere"), Path.of("nowhere").toAbsolutePath() + ": no such");
    }
  }

  @Test
  void aDirectoryThatDisappearsBetweenPrepareAndCommitIsServedFromItsOpenFiles() throws Exception {
    Path posted = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    List<Integer> tokens = Fixture.continuationOn(posted, PROMPT, 12);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      engine.update(Fixture.prepare(posted, OptionalLong.empty()), Fixture.DEADLINE);
      Fixture.delete(posted);

      engine.update(
          new WeightOperation.Commit(
              Optional.of(posted), OptionalLong.of(1), UpdateMode.KEEP, false),
          Fixture.DEADLINE);

      assertThat(Fixture.continuation(engine, PROMPT, 12)).isEqualTo(tokens);
    }
  }

  private static void assertRefused(Engine engine, Path checkpoint, String... parts) {
    long before = engine.policyVersion();
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> Fixture.update(engine, checkpoint, OptionalLong.of(5)))
        .satisfies(
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.CONFLICT);
              assertThat(e.getMessage()).contains(parts).doesNotContain("\n");
            });
    assertThat(engine.policyVersion()).isEqualTo(before);
  }
}
