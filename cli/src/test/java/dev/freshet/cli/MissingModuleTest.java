package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
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
            "serve",
            "--model=" + MODEL.toAbsolutePath(),
            "--port=0",
            "--admin-port=0",
            "--run.dir=" + dir.resolve("run"))) {
      assertThat(serve.awaitEnd()).isEqualTo(1);
      assertThat(serve.err()).contains("start it with --add-modules jdk.incubator.vector");
    }
  }
}
