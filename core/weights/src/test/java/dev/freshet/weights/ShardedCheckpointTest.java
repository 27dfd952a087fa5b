package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
            "%s: names shard 'gone.safetensors', which is not in the directory",
            dir.resolve("model.safetensors.index.json"));
  }

  @Test
  void aTensorMissingFromItsShardIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}}".formatted(ONE, TWO, TWO));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("tensor 'c': not in shard '" + TWO);
  }

  @Test
  void aTensorThatIsNotInTheShardOfTheIndexIsNamed() throws IOException {
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(TWO, ONE));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: tensor 'a': not in shard '%s', where the index places it",
            dir.resolve("model.safetensors.index.json"), TWO);
  }

  @Test
  void theIndexDecidesWhichOfTwoCopiesOfATensorIsPartOfTheCheckpoint() throws IOException {
    RawFiles.safetensors(
        dir.resolve(ONE),
        """
        {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
         "b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},
         "x":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""",
        RawFiles.floats(1f, 20f, 30f));
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, TWO));
    assertThat(valueOfB()).isEqualTo(2f);

    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, ONE));
    assertThat(valueOfB()).isEqualTo(20f);
  }

  private float valueOfB() {
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      checkpoint.verifyContents();
      assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b");
      return Objects.requireNonNull(checkpoint.tensors().get("b"))
          .data()
          .get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
    }
  }

  @Test
  void moreShardsThanMayBeOpenAreRefusedBeforeAnyIsOpened() throws IOException {
    String map =
        IntStream.range(0, 600)
            .mapToObj(i -> "\"t%d\":\"s%d.safetensors\"".formatted(i, i))
            .collect(Collectors.joining(","));
    index("{\"weight_map\":{%s}}".formatted(map));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageEndingWith("names 600 shards, expected at most 512");
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
        "{'weight_map':{'a':'..\\\\a.safetensors'}} | expected the name of a .safetensors file in the same directory",
        "{'weight_map':{'a':'\\u0000a.safetensors'}} | expected the name of a .safetensors file in the same directory",
        "{'weight_map':{'a':7}} | shard is an integer",
        "{'weight_map':{}} | no weight_map",
        "{'weight_map':[]} | no weight_map",
        "{} | no weight_map",
        "[] | no weight_map",
        "{'weight_map':{'a':'x.safetensors','a':'y.safetensors'}} | a field appears twice (line 1",
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
