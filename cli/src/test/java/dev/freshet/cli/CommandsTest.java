package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.engine.EngineConfig;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The output and the exit codes of the commands, above all when they are used wrongly. */
@Timeout(120)
class CommandsTest {
  private static final Path EXAMPLE = Path.of("../examples/reverse-text.toml");

  @TempDir Path dir;

  @Test
  void theExampleHasOnlyKnownKeysAndStatesTheDefaults() {
    assertThat(load(EXAMPLE)).isEqualTo(ConfigLoader.defaults(FreshetConfig.class));
  }

  @Test
  void theExampleOfAChatModelHasOnlyKnownKeysAndTrainsWithoutAWarmUp() {
    FreshetConfig config = load(Path.of("../examples/smollm2.toml"));

    assertThat(config.model().path()).isNotEmpty();
    assertThat(config.sft().steps()).isZero();
  }

  @Test
  void theExampleOfArithmeticHasOnlyKnownKeysAndItsAnswersFit() {
    FreshetConfig config = load(Path.of("../examples/arithmetic.toml"));

    assertThat(config.environment().name()).isEqualTo("arithmetic");
    assertThat(config.orchestrator().maxTokens()).isGreaterThan("27".length());
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "sft", "train", "orchestrate", "serve"})
  void aDryRunPrintsTheConfigurationThatResults(String command) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(command, "--dry-run"));
    if (command.equals("serve")) {
      arguments.addAll(List.of("--model", "m", "--port", "4321", "--strict"));
    }
    arguments.addAll(
        List.of("--trainer.lr", "3e-5", "--run.dir=a \"b\"", "--inference.dtype", "bfloat16"));

    CommandLineRun run = CommandLineRun.of(arguments.toArray(String[]::new));

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    Path file = Files.writeString(dir.resolve("printed.toml"), run.out());
    FreshetConfig config = load(file);
    assertThat(config.trainer().lr()).isEqualTo(3e-5);
    assertThat(config.run().dir()).isEqualTo("a \"b\"");
    assertThat(config.inference().engine().dtype()).isEqualTo(EngineConfig.Precision.BFLOAT16);
    assertThat(config.inference().port()).isEqualTo(command.equals("serve") ? 4321 : 8000);
    assertThat(config.inference().engine().strictWeights()).isEqualTo(command.equals("serve"));
    assertThat(ConfigLoader.toToml(config)).isEqualTo(run.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          run --trainer.lrr 1                      | --trainer.lrr: unknown key trainer.lrr, did you mean trainer.lr?
          run --trainer.lr fast                    | --trainer.lr: trainer.lr = "fast": expected a number
          run --trainer.lr=-1                      | --trainer.lr: trainer.lr = -1.0: expected above 0
          run --run.steps 1.5                      | --run.steps: run.steps = "1.5": expected a whole number
          run --trainer.algorithm ppo              | --trainer.algorithm: trainer.algorithm = "ppo": expected one of "dppo", "ipo", "grpo"
          run --trainer.gspo.clip 1                | --trainer.gspo.clip: unknown key trainer.gspo.clip, expected one of trainer.gspo.clip_low, trainer.gspo.clip_high
          run --trainer.cispo.cap 0                | --trainer.cispo.cap: trainer.cispo.cap = 0.0: expected above 0
          run --orchestrator.top_p 0.9             | --orchestrator.top_p: orchestrator.top_p = 0.9: expected 1: the trainer's ratio is of the whole distribution
          run --orchestrator.temperature 0         | --orchestrator.temperature: orchestrator.temperature = 0.0: expected at least 0.00001: a greedy rollout
          run --trainer.pack_length 8              | --trainer.pack_length: trainer.pack_length = 8: expected at least 18
          run --orchestrator.async_level 3         | default: trainer.keep_weights = 3: expected at least 5, for orchestrator.async_level 3
          run --orchestrator.prime_rl.transport files | orchestrator.prime_rl.dir = "": expected a directory with transport = "files"
          run --orchestrator.prime_rl.transport zmq --orchestrator.prime_rl.seq_len 32 | orchestrator.prime_rl.seq_len = 32: expected at least 64, for rollouts of trainer.pack_length tokens
          run --environment.alphabet aba           | environment.alphabet = "aba": expected at least two characters, each once
          orchestrate --orchestrator.servers http://a:1,http://a:1=vllm --orchestrator.admin_servers http://a:2, | every URL only once
          route --upstream http://a:1=vllm --upstream http://a:1=sglang | replica a:1 is named twice
          run --orchestrator.servers here          | orchestrator.servers = ["here"]: expected URLs such as http://127.0.0.1:8000
          run --trainer                            | argument '--trainer': expected an option or a dotted override
          run --trainer.lr                         | override --trainer.lr: expected a value after it
          run --confg x.toml                       | argument '--confg': expected an option or a dotted override
          run --config absent.toml                 | absent.toml: not found, expected a TOML file
          run --config                             | Missing required parameter for option '--config' (FILE); see freshet run --help
          serve                                    | Missing required option: '--model=DIR'; see freshet serve --help
          update --server localhost:8001           | --server: expected a URL such as http://127.0.0.1:8001, got 'localhost:8001'
          update --server http://a\\b              | --server: expected a URL
          waits http://                            | expected a URL such as http://127.0.0.1:8001, got 'http://'
          bench --server ://                       | Invalid value for option '--server': expected a URL
          serve --model m --port eighty            | inference.port = "eighty": expected a whole number
          serve --model m --port 70000             | inference.port = 70000: expected 0 to 65535
          server                                   | Unmatched argument at index 0: 'server'; see freshet --help
          train                                    | run.dir is empty: expected the directory that `freshet sft` made
          orchestrate --run.dir absent             | run.dir = absent: expected absent/weights/step_0, which `freshet sft` makes
          """)
  void wrongUsageAndConfigurationExitWith2AndOneLine(String arguments, String expected) {
    assertRefused(CommandLineRun.of(arguments.strip().split(" +")), 2, expected);
  }

  @Test
  void aWrongKeyInAFileIsReportedWithItsLine() throws IOException {
    Path file = Files.writeString(dir.resolve("run.toml"), "[run]\nsteps = 3\nsedd = 4\n");

    assertRefused(
        CommandLineRun.of("run", "--config", file.toString()),
        2,
        file + ":3: unknown key run.sedd, did you mean run.seed?");
  }

  @Test
  void withoutArgumentsTheCommandsAreListed() {
    CommandLineRun run = CommandLineRun.of();

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("Usage: freshet", "run", "serve", "train", "orchestrate", "sft");
  }

  @Test
  void aMissingModelDirectoryIsRejectedByName() throws IOException {
    Path absent = dir.resolve("absent");
    Path file = Files.writeString(dir.resolve("model.gguf"), "");
    Path empty = Files.createDirectory(dir.resolve("empty"));

    assertRefused(
        CommandLineRun.of("serve", "--model", absent.toString()),
        1,
        "model " + absent + ": does not exist: expected a Hugging Face model directory");
    assertRefused(
        CommandLineRun.of("serve", "--model", file.toString()),
        1,
        "model " + file + ": is a file: expected a Hugging Face model directory");
    assertRefused(
        CommandLineRun.of("serve", "--model", empty.toString()),
        1,
        "model " + empty + ": has no config.json: expected a Hugging Face model directory");
    assertRefused(
        CommandLineRun.of("run", "--run.dir", dir + "/run", "--model.path", absent.toString()),
        1,
        "model " + absent + ": does not exist: expected a Hugging Face model directory");
  }

  @Test
  void aUrlWithASpaceIsRefusedWithoutTheNameOfAClass() {
    CommandLineRun run = CommandLineRun.of("update", "--server", "http://a b");

    assertRefused(run, 2, "expected a URL such as http://127.0.0.1:8001, got 'http://a b'");
    assertThat(run.err()).doesNotContain("Exception");
  }

  @Test
  void aRunDirectoryThatCannotBeCreatedIsRejectedByName() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "");

    assertRefused(
        CommandLineRun.of("run", "--run.dir", file.toString()),
        1,
        file + "/weights: cannot be listed: NotDirectory");
  }

  @Test
  void aRunDirectoryThatHoldsARunIsRejectedAndUnchanged() throws IOException {
    Path run = dir.resolve("run");
    makeBaseModel(run);
    String config = Files.readString(run.resolve("config.toml"));

    for (String command : List.of("run", "sft")) {
      assertRefused(
          CommandLineRun.of(command, "--run.dir", run.toString()),
          2,
          "run.dir = %s: expected a directory without an earlier run".formatted(run));
    }

    assertThat(run.resolve("config.toml")).hasContent(config);
    CheckpointStore.verify(run.resolve("weights/step_0"));
  }

  @Test
  void aRunDirectoryWithTheStateOfAnEarlierTrainerIsRejected() throws IOException {
    Path run = dir.resolve("run");
    makeBaseModel(run);
    new CheckpointStore(run.resolve("checkpoints")).publish(3, 3, List.of(), Map.of());

    assertRefused(
        CommandLineRun.of("train", "--run.dir", run.toString()),
        2,
        "but %s is there".formatted(run.resolve("checkpoints/step_3")));
  }

  @Test
  void aPortInUseIsRejectedByName() throws IOException {
    Path run = dir.resolve("run");
    makeBaseModel(run);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = String.valueOf(taken.getLocalPort());
      String model = run.resolve("weights/step_0").toString();

      assertRefused(
          CommandLineRun.of("serve", "--model", model, "--port", port, "--admin-port", "0"),
          1,
          "127.0.0.1:" + port);
      assertRefused(
          CommandLineRun.of("serve", "--model", model, "--port", "0", "--admin-port", port),
          1,
          "127.0.0.1:" + port);
    }
  }

  @Test
  void anUnsupportedModelTypeIsRejectedWithTheSupportedOnes() throws IOException {
    Path run = dir.resolve("run");
    makeBaseModel(run);
    Path model = run.resolve("weights/step_0");
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"llama\"", "\"gpt2\""));

    assertRefused(
        CommandLineRun.of("serve", "--model", model.toString(), "--port", "0", "--admin-port", "0"),
        1,
        "model_type 'gpt2' is not supported: expected one of llama, mistral, qwen2, qwen3");
  }

  @Test
  void theStackTraceOfAFailureIsInTheRunsLog() throws IOException {
    Path run = dir.resolve("run");

    CommandLineRun failed =
        CommandLineRun.of(
            "run", "--run.dir", run.toString(), "--model.path", dir.resolve("absent").toString());

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(run.resolve("logs/orchestrator.log"))
        .content()
        .contains("the command failed", "\tat dev.freshet.cli.RunCommand");
  }

  private static void makeBaseModel(Path run) {
    assertThat(CommandLineRun.of(CommandLineRun.small("sft", run, "--sft.steps=0")).exitCode())
        .isZero();
  }

  /** One line on standard error, nothing on standard output but what a run says of itself. */
  private static void assertRefused(CommandLineRun run, int exitCode, String expected) {
    assertThat(run.err()).startsWith("freshet: ").contains(expected).endsWith("\n");
    assertThat(run.err().strip()).hasLineCount(1);
    assertThat(run.out()).doesNotContain("\tat ", "Exception");
    assertThat(run.exitCode()).isEqualTo(exitCode);
  }

  private static FreshetConfig load(Path file) {
    return ConfigLoader.load(FreshetConfig.class, Optional.of(file), Map.of());
  }
}
