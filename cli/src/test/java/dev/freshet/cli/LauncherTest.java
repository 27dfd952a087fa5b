package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher, in a build of its own, with a JDK whose {@code java} prints its arguments. */
@Timeout(60)
class LauncherTest {
  private static final Path LAUNCHER = Path.of("../freshet");
  private static final String VECTORS = "--add-modules=jdk.incubator.vector";

  @TempDir Path dir;

  @BeforeEach
  void buildAndJdk() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash");
    Files.copy(LAUNCHER, dir.resolve("freshet"));
    for (Path sources : List.of(Path.of("cli/src/main"), Path.of("core/one/src/main"))) {
      Files.createDirectories(dir.resolve(sources));
      Files.createFile(dir.resolve(sources).resolve("../../pom.xml").normalize());
    }
    Files.createFile(dir.resolve("pom.xml"));
    Path bin = Files.createDirectories(dir.resolve("jdk/bin"));
    Files.writeString(dir.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    executable(bin.resolve("javac"), "");
    executable(bin.resolve("java"), "printf '<%s>\\n' \"$@\"");
    Files.createDirectories(dir.resolve("cli/target"));
    Files.createFile(dir.resolve("cli/target/freshet.built"));
  }

  private static void executable(Path file, String script) throws IOException {
    Files.writeString(file, "#!/bin/bash\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private String jvmOf(String command) throws IOException, InterruptedException {
    ProcessBuilder launch = new ProcessBuilder("/bin/bash", dir.resolve("freshet").toString());
    launch.command().addAll(List.of(command.split(" ")));
    launch.environment().put("JAVA_HOME", dir.resolve("jdk").toString());
    launch.environment().put("FRESHET_JAVA_OPTS", "-Done=1 -Dtwo=2");
    Path out = dir.resolve("out.txt");
    Process process = launch.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    return Files.readString(out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "serve", "sft", "train", "bench train"})
  void aCommandThatComputesOrTrainsAModelHasTheVectorApi(String command) throws Exception {
    assertThat(jvmOf(command))
        .contains("<" + VECTORS + ">", "/cli/target/engine.aot>", "<-Done=1>\n<-Dtwo=2>");
  }

  @ParameterizedTest
  @ValueSource(strings = {"orchestrate", "route", "update", "analyze", "--help"})
  void anyOtherCommandHasACacheWithProfilesAndNoIncubatingModule(String command) throws Exception {
    assertThat(jvmOf(command)).doesNotContain("incubator").containsPattern("/(roles|tools)\\.aot>");
  }

  @Test
  void aBenchmarkPassesTheOptionsOfAServerOnAndHasItsOwn() throws Exception {
    String jvm = jvmOf("bench");

    String serve = jvmOf("serve");
    String server = serve.substring(0, serve.indexOf("<-cp>"));
    String passed = jvm.replaceFirst("(?s).*<-Dfreshet\\.serve\\.options=([^>]*)>.*", "$1");
    assertThat(passed.lines().map("<%s>"::formatted))
        .containsExactlyInAnyOrderElementsOf(server.lines().toList());
    assertThat(jvm).contains("/cli/target/roles.aot>").doesNotContain("<" + VECTORS + ">");
  }
}
