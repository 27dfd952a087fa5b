package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedCheckpointTest {
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  @TempDir Path dir;

  @BeforeEach
  void writeShards() throws IOException {
    shard(ONE, "a", 1f);
    shard(TWO, "b", 2f);
  }

  @Test
  void theTensorsOfAllShardsAreListedInTheOrderOfTheIndex() throws IOException {
    index(
        "{\"metadata\":{\"total_size\":8},\"weight_map\":{\"b\":\"%s\",\"a\":\"%s\"}}"
            .formatted(TWO, ONE));

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThat(checkpoint.tensors().keySet()).containsExactly("b", "a");
      assertThat(checkpoint.bytes()).isEqualTo(8);
    }
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"gone.safetensors\"}}".formatted(ONE));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: names shard gone.safetensors, which is not in the directory",
            dir.resolve("model.safetensors.index.json"));
  }

  @Test
  void aTensorMissingFromItsShardIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}}".formatted(ONE, TWO, TWO));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("tensor 'c': not in shard " + TWO);
  }

  @Test
  void aTensorInAShardOtherThanTheIndexSaysIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, ONE));
    shard(ONE, "b", 1f);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("tensor 'a': not in shard " + ONE);

    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(TWO, ONE));
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: tensor 'b': found in this shard, but model.safetensors.index.json places it in %s",
            dir.resolve(TWO), ONE);
  }

  @Test
  void aTensorMissingFromTheIndexIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\"}}".formatted(ONE));
    shard(ONE, "x", 1f);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("tensor 'x': found in this shard, but")
        .hasMessageContaining("places it in none");
  }

  @Test
  void aBrokenShardIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, TWO));
    Files.write(dir.resolve(TWO), new byte[3]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageStartingWith(dir.resolve(TWO) + ": truncated");
  }

  @Test
  void aShardShortenedWhileItIsOpenIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, TWO));
    long whole = Files.size(dir.resolve(TWO));

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      checkpoint.verifyContents();
      Files.write(dir.resolve(TWO), new byte[3]);
      assertThatThrownBy(checkpoint::requireIntact)
          .hasMessageStartingWith(
              "%s: 3 bytes, expected the %d that are mapped".formatted(dir.resolve(TWO), whole));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'weight_map':{'a':'../a.safetensors'}} | expected the name of a .safetensors file in the same directory",
        "{'weight_map':{'a':'/a.safetensors'}} | expected the name of a .safetensors file in the same directory",
        "{'weight_map':{'a':7}} | shard is 7",
        "{'weight_map':{}} | no weight_map",
        "{'weight_map':[]} | no weight_map",
        "{} | no weight_map",
        "[] | no weight_map",
        "{'weight_map':{'a':'x.safetensors','a':'y.safetensors'}} | not valid JSON",
        "nonsense | not valid JSON",
      })
  void anInvalidIndexIsRefused(String json, String expected) throws IOException {
    index(json.replace('\'', '"'));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(dir.resolve("model.safetensors.index.json") + ": ")
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }

  private void shard(String name, String tensor, float value) throws IOException {
    RawFiles.safetensors(
        dir.resolve(name),
        "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}".formatted(tensor),
        RawFiles.floats(value));
  }

  private void index(String json) throws IOException {
    Files.writeString(dir.resolve("model.safetensors.index.json"), json);
  }
}
