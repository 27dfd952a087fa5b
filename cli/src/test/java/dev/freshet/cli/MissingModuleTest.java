package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class MissingModuleTest {
  private static final Path MODEL = Path.of("../core/model/src/test/fixtures/tiny-llama");

  @TempDir Path dir;

  @Test
  void aServerInAJvmWithoutTheVectorApiSaysWhichOptionIsMissing() throws Exception {
    try (ChildProcess serve =
        ChildProcess.startWithoutVectors(
            dir,
            List.of(),
            "serve",
            "--model=" + MODEL.toAbsolutePath(),
            "--port=0",
            "--admin-port=0",
            "--run.dir=" + dir.resolve("run"))) {
      assertThat(serve.awaitEnd()).isEqualTo(1);
      assertThat(serve.err()).contains("start it with --add-modules jdk.incubator.vector");
    }
  }

  @Test
  void aTrainerInAJvmWithoutTheVectorApiSaysWhichOptionIsMissing() throws Exception {
    try (ChildProcess sft =
        ChildProcess.startWithoutVectors(
            dir, List.of(), "sft", "--sft.steps=1", "--run.dir=" + dir.resolve("run"))) {
      assertThat(sft.awaitEnd()).isEqualTo(1);
      assertThat(sft.err()).contains("start it with --add-modules jdk.incubator.vector");
    }
  }

  @Test
  void theServerOfABenchmarkHasTheOptionsThatTheLauncherGivesIt() throws Exception {
    String options = "--add-modules=jdk.incubator.vector\n--enable-native-access=ALL-UNNAMED";
    try (ChildProcess bench =
        ChildProcess.startWithoutVectors(
            dir,
            List.of("-Dfreshet.serve.options=" + options),
            "bench",
            "--embedded",
            "--streams=1",
            "--updates=1",
            "--lane=dedicated",
            "--tokens=32",
            "--update-every=100",
            "--warm-up=0")) {
      assertThat(bench.awaitEnd()).as(bench.out() + bench.err()).isZero();
    }
  }
}
