package dev.freshet.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigLoaderTest {
  enum Mode {
    KEEP,
    GROUP_MEAN
  }

  @Section("Where it runs.")
  record Run(
      @Key(def = "runs/a", doc = "the directory") String dir,
      @Key(def = "7", doc = "of all draws") long seed,
      @Key(def = "", doc = "URLs") List<String> servers) {
    Run {
      servers = List.copyOf(servers);
    }
  }

  record Optimizer(
      @Key(def = "0.9", doc = "decay") double beta,
      @Key(def = "false", doc = "one kernel") boolean fused) {}

  record Clipping(@Key(def = "1e3", doc = "the longest gradient") double maxNorm) {
    Clipping {
      Check.that(maxNorm > 0, "maxNorm", "above 0");
    }
  }

  record Trainer(
      @Key(def = "1e-3", doc = "learning rate") double lr,
      @Key(def = "32", doc = "rows | columns") int batchSize,
      @Key(def = "keep", doc = "how to compare") Mode advantageMode,
      @Inline Clipping clipping,
      Optimizer optimizer) {
    Trainer {
      Check.that(lr > 0, "lr", "above 0");
      Check.positive("batchSize", batchSize);
    }
  }

  record Root(@Key(def = "first", doc = "the name") String name, Run run, Trainer trainer) {
    Root {
      if (run.seed() == 13 && trainer.batchSize() == 13) {
        throw new IllegalArgumentException("trainer.batchSize: expected other than run.seed");
      }
    }
  }

  private static final Root DEFAULTS =
      new Root(
          "first",
          new Run("runs/a", 7, List.of()),
          new Trainer(1e-3, 32, Mode.KEEP, new Clipping(1e3), new Optimizer(0.9, false)));

  @TempDir Path dir;

  private Path file;

  @BeforeEach
  void nameFile() {
    file = dir.resolve("run.toml");
  }

  @Test
  void withoutFileAndOverridesTheDefaultsRemain() {
    assertThat(ConfigLoader.defaults(Root.class)).isEqualTo(DEFAULTS);
  }

  @Test
  void aCopyHasTheOverriddenValuesAndKeepsAllOthers() {
    Root changed = ConfigLoader.with(DEFAULTS, Map.of("run.seed", "8", "trainer.max_norm", "2"));

    assertThat(changed.run()).isEqualTo(new Run("runs/a", 8, List.of()));
    assertThat(changed.trainer().clipping()).isEqualTo(new Clipping(2));
    assertThat(changed.trainer().optimizer()).isEqualTo(DEFAULTS.trainer().optimizer());
  }

  @Test
  void aSectionListsItsKeysWithDefaultsAndDescriptions() {
    assertThat(ConfigSection.of(Root.class))
        .extracting(ConfigSection::name)
        .containsExactly("", "run", "trainer", "trainer.optimizer");
    assertThat(ConfigSection.of(Root.class).get(1))
        .isEqualTo(
            new ConfigSection(
                "run",
                "Where it runs.",
                List.of(
                    new ConfigSection.Entry("dir", "\"runs/a\"", "the directory"),
                    new ConfigSection.Entry("seed", "7", "of all draws"),
                    new ConfigSection.Entry("servers", "[]", "URLs"))));
    assertThat(ConfigSection.of(Root.class).get(2).entries())
        .extracting(ConfigSection.Entry::name)
        .containsExactly("lr", "batch_size", "advantage_mode", "max_norm");
  }

  @Test
  void overridesGoOverTheFileAndTheFileOverTheDefaults() throws IOException {
    Files.writeString(
        file,
        """
        name = "second" # a comment
        [run]
        seed = 5_000_000_000
        servers = ["http://a", "http://b"]
        [trainer]
        lr = 1 # a whole number is a number
        batch_size = 64
        max_norm = 5.0
        [trainer.optimizer]
        fused = true
        """);

    Root config =
        load(
            Map.of(
                "trainer.batch_size", "128",
                "trainer.lr", "1e-4",
                "trainer.advantage_mode", "group_mean",
                "trainer.optimizer.beta", "1",
                "run.dir", "007"));

    assertThat(config)
        .isEqualTo(
            new Root(
                "second",
                new Run("007", 5_000_000_000L, List.of("http://a", "http://b")),
                new Trainer(1e-4, 128, Mode.GROUP_MEAN, new Clipping(5), new Optimizer(1, true))));
  }

  @Test
  void aListIsOverriddenByCommas() throws IOException {
    Files.writeString(file, "run.servers = ['x']");

    assertThat(load(Map.of("run.servers", "a, b")).run().servers()).containsExactly("a", "b");
    assertThat(load(Map.of("run.servers", "")).run().servers()).isEmpty();
  }

  @Test
  void integersOfAnyLengthAreReadToTheDigit() throws IOException {
    for (String literal :
        List.of("1234567890123456789", "-9223372036854775808", "+9_223_372_036_854_775_807")) {
      Files.writeString(file, "[run]\nseed = " + literal + " # long\n");
      assertThat(load(Map.of()).run().seed()).isEqualTo(Long.parseLong(literal.replace("_", "")));
    }
    Files.writeString(file, "[run]\nseed = 0xff\n");
    assertThat(load(Map.of()).run().seed()).isEqualTo(255);
    Files.writeString(file, "run = {seed = 1234567890123456789}\n");
    assertThat(load(Map.of()).run().seed()).isEqualTo(1234567890123456789L);
  }

  @Test
  void theResolvedConfigurationIsTomlThatLoadsToTheSame() throws IOException {
    assertThat(ConfigLoader.toToml(DEFAULTS))
        .isEqualTo(
            """
            name = 'first'

            [run]
            dir = 'runs/a'
            seed = 7
            servers = []

            [trainer]
            lr = 0.001
            batch_size = 32
            advantage_mode = 'keep'
            max_norm = 1000.0

            [trainer.optimizer]
            beta = 0.9
            fused = false
            """);
    Random random = new Random(3);
    for (int i = 0; i < 500; i++) {
      Root config =
          new Root(
              "quote \" back \\ tab \t line \n bell \u0007 del \u007f é 😀 #" + i,
              new Run("", random.nextLong(), List.of("a, b", "", "'")),
              new Trainer(
                  Math.abs(Double.longBitsToDouble(random.nextLong() >>> 2)) + Double.MIN_VALUE,
                  1 + random.nextInt(Integer.MAX_VALUE),
                  Mode.values()[i % 2],
                  new Clipping(1 + random.nextInt(100)),
                  new Optimizer(i == 0 ? Double.NEGATIVE_INFINITY : random.nextGaussian(), true)));
      Files.writeString(file, ConfigLoader.toToml(config));
      assertThat(load(Map.of())).isEqualTo(config);
    }
  }

  /** {@code '} for {@code "}, {@code ;} for a line's end. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[trainer];lrr = 1 | :2: unknown key trainer.lrr, did you mean trainer.lr?",
        "[trainer];;  batchsize = 1 | :3: unknown key trainer.batchsize, did you mean trainer.batch_size?",
        "trainer.batchSize = 1 | :1: unknown key trainer.batchSize, did you mean trainer.batch_size?",
        "[trianer];lr = 1 | :1: unknown key trianer, did you mean trainer?",
        "lr = 1 | :1: unknown key lr, did you mean trainer.lr?",
        "[trainer];warmup = 1 | :2: unknown key trainer.warmup, expected one of trainer.lr, trainer.batch_size, trainer.advantage_mode, trainer.max_norm, trainer.optimizer",
        "colour = 1 | :1: unknown key colour, expected one of name, run, trainer",
        "trainer = 3 | :1: trainer = 3: expected a table: [trainer]",
        "name = 3 | :1: name = 3: expected a string",
        "name = ['a'] | :1: name = ['a']: expected a string",
        "[trainer];lr = '0.1' | :2: trainer.lr = '0.1': expected a number",
        "[trainer];batch_size = 1.5 | :2: trainer.batch_size = 1.5: expected a whole number from −2^31",
        "[trainer];batch_size = 3000000000 | :2: trainer.batch_size = 3000000000: expected a whole number from −2^31",
        "[run];seed = 99999999999999999999 | :2: not valid TOML: Integer is too large",
        "[trainer];max_norm = -1 | :2: trainer.max_norm = -1.0: expected above 0",
        "[run];dir = 1979-05-27 | :2: run.dir = '1979-05-27': expected a string",
        "[trainer];lr = 1;optimizer.beto = 2 | :3: unknown key trainer.optimizer.beto, did you mean trainer.optimizer.beta?",
        ";trainer.optimizer.fused = 1 | :2: trainer.optimizer.fused = 1: expected true or false",
        ";trainer = {lr = 1,  optimizer = {beto = 2}} | :2: unknown key trainer.optimizer.beto, did you mean",
        ";;trainer = {advantage_mode = 'mean'} | :3: trainer.advantage_mode = 'mean': expected one of",
        "name = 'a';[[run]];dir = 'b';[[run]];dir = 'c' | :2: run = [{'dir':'b'},{'dir':'c'}]: expected a table: [run]",
        "[run];servers = [;  'a', # first;  1;];dir = 3 | :2: run.servers = ['a',1]: expected a list of strings",
        "[run];servers = [;  'a', # first;  'b';];dir = 3 | :6: run.dir = 3: expected a string",
        "[run];dir = '''[trainer];lr = 3;''';sedd = 1 | :5: unknown key run.sedd, did you mean run.seed?",
        "'na.me' = 1 | :1: unknown key na.me, did you mean name?",
        "['run'];  'seed' = true | :2: run.seed = true: expected a whole number",
        "run.seed = 1;[run];dir = 'x' | :2: not valid TOML: run previously defined at line 1",
        "[run];servers = 'a' | :2: run.servers = 'a': expected a list of strings",
        "[run];servers = ['a', 1] | :2: run.servers = ['a',1]: expected a list of strings",
        "[trainer.optimizer];fused = 'yes' | :2: trainer.optimizer.fused = 'yes': expected true or false",
        "[trainer];advantage_mode = 'mean' | :2: trainer.advantage_mode = 'mean': expected one of 'keep', 'group_mean'",
        "[trainer];lr = -1 | :2: trainer.lr = -1.0: expected above 0",
        "[trainer];lr = nan | :2: trainer.lr = ",
        "[trainer];batch_size = 0 | :2: trainer.batch_size = 0: expected at least 1",
        "trainer = {lr = 0.0} | :1: trainer.lr = 0.0: expected above 0",
        "[run];seed = 13;[trainer];batch_size = 13 | :4: trainer.batch_size = 13: expected other than run.seed",
        "[trainer];lr = | :2: not valid TOML",
        "[trainer;lr = 1 | :1: not valid TOML",
        "name = 'a';name = 'b' | :2: not valid TOML",
      })
  void aFileThatCannotBeUsedIsRefusedInOneLine(String toml, String expected) throws IOException {
    Files.writeString(file, toml.replace('\'', '"').replace(';', '\n'));

    assertThatThrownBy(() -> load(Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(expected.replace('\'', '"'))
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "trainer.lrr | 1 | --trainer.lrr: unknown key trainer.lrr, did you mean trainer.lr?",
        "batch_size | 1 | --batch_size: unknown key batch_size, did you mean trainer.batch_size?",
        "trainer.lr.x | 1 | --trainer.lr.x: unknown key trainer.lr.x, did you mean trainer.lr?",
        "trainer | 1 | --trainer: is a section, expected one of its keys: trainer.lr, trainer.batch_size",
        "trainer.lr | fast | --trainer.lr: trainer.lr = 'fast': expected a number",
        "trainer.lr | 0 | --trainer.lr: trainer.lr = 0.0: expected above 0",
        "trainer.batch_size | 1e3 | --trainer.batch_size: trainer.batch_size = '1e3': expected a whole number",
        "trainer.batch_size | 3000000000 | --trainer.batch_size: trainer.batch_size = 3000000000: expected a whole number from −2^31",
        "trainer.optimizer.fused | yes | --trainer.optimizer.fused: trainer.optimizer.fused = 'yes': expected true or false",
        "trainer.advantage_mode | 1 | --trainer.advantage_mode: trainer.advantage_mode = '1': expected one of 'keep', 'group_mean'",
      })
  void anOverrideThatCannotBeUsedIsRefusedInOneLine(String key, String value, String expected) {
    assertThatThrownBy(() -> ConfigLoader.load(Root.class, Optional.empty(), Map.of(key, value)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(expected.replace('\'', '"'))
        .hasMessageNotContaining("\n");
  }

  @Test
  void theErrorNamesTheOverrideNotTheLineItReplaces() throws IOException {
    Files.writeString(file, "[trainer]\nlr = 0.5\n");

    assertThatThrownBy(() -> load(Map.of("trainer.lr", "-2")))
        .hasMessage("--trainer.lr: trainer.lr = -2.0: expected above 0");
  }

  @Test
  void aFileThatCannotBeReadIsRefused() throws IOException {
    assertThatThrownBy(() -> load(Map.of()))
        .hasMessage("%s: not found, expected a TOML file", file);
    Files.write(file, new byte[] {(byte) 0xff});
    assertThatThrownBy(() -> load(Map.of()))
        .hasMessage("%s: not UTF-8, expected a TOML file", file);
    Files.delete(file);
    Files.createDirectory(file);
    assertThatThrownBy(() -> load(Map.of()))
        .hasMessage("%s: cannot be read: it is a directory", file);
    assertThat(ConfigException.EXIT_CODE).isEqualTo(2);
  }

  private Root load(Map<String, String> overrides) {
    return ConfigLoader.load(Root.class, Optional.of(file), overrides);
  }
}
