package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Compares the references of commands and of the configuration with the code they are generated
 * from. With {@code -Dfreshet.reference=write} it writes them first.
 */
class ReferenceTest {
  private static final Path ROOT = Path.of("..");

  private static void hold(String file, String text) throws IOException {
    Path path = ROOT.resolve("docs").resolve(file);
    if (System.getProperty("freshet.reference", "").equals("write")) {
      Files.writeString(path, text);
    }
    assertThat(path)
        .as(
            "./freshet test -pl cli -am -Dtest=ReferenceTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dfreshet.reference=write writes it")
        .content()
        .isEqualTo(text);
  }

  @Test
  void everyCommandAndOptionIsInTheReference() throws IOException {
    StringBuilder text =
        new StringBuilder(
            """
            # Commands

            The `--help` of every command. Exit codes: 0 done; 1 failure, with one line that says what and where (also: stopped by a signal);
            2 impossible command line or configuration; 3 the gate of `analyze --fail-on`.
            """);
    for (CommandLine command : Main.commands().getSubcommands().values()) {
      describe(text, command);
    }
    hold("commands.md", text.toString());
  }

  private static void describe(StringBuilder text, CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    String parameters =
        spec.positionalParameters().stream()
            .map(parameter -> " " + parameter.paramLabel() + "…")
            .reduce("", String::concat);
    text.append(
        "%n## %s%n%n%s%n%n| option | |%n|---|---|%n"
            .formatted(
                spec.qualifiedName() + parameters,
                String.join(" ", spec.usageMessage().description())));
    for (PositionalParamSpec parameter : spec.positionalParameters()) {
      row(text, parameter.paramLabel(), parameter.description());
    }
    spec.options().stream()
        .filter(option -> !option.usageHelp() && !option.versionHelp())
        .forEach(option -> row(text, name(option), option.description()));
    command.getSubcommands().values().stream()
        .distinct()
        .forEach(subcommand -> describe(text, subcommand));
  }

  private static String name(OptionSpec option) {
    String label = option.arity().max() == 0 ? "" : " " + option.paramLabel();
    return String.join(", ", option.names()) + label;
  }

  private static void row(StringBuilder text, String name, String[] description) {
    text.append("| `%s` | %s |%n".formatted(name, escaped(String.join(" ", description))));
  }

  @Test
  void everyKeyOfTheConfigurationIsInTheReference() throws IOException {
    StringBuilder text =
        new StringBuilder(
            """
            # Configuration

            One TOML file, `--config FILE`, and overrides on the command line: `--trainer.lr 1e-4`. A key that is left out has its default.
            An unknown key, a wrong type or an impossible combination is an error that names the key, the value and what is allowed.
            `--dry-run` prints the resolved configuration. [reverse-text.toml](../examples/reverse-text.toml) is an example.
            """);
    for (ConfigSection section : ConfigSection.of(FreshetConfig.class)) {
      String doc = section.doc().isEmpty() ? "" : section.doc() + "\n\n";
      text.append("%n## %s%n%n%s".formatted(section.name(), doc));
      text.append("| key | default | meaning |%n|---|---|---|%n".formatted());
      for (ConfigSection.Entry key : section.entries()) {
        assertThat(key.doc()).as("%s.%s", section.name(), key.name()).isNotBlank();
        text.append("| `%s` | `%s` | %s |%n".formatted(key.name(), key.def(), escaped(key.doc())));
      }
    }
    hold("configuration.md", text.toString());
  }

  /** Text in a cell of a table. */
  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|");
  }

  @Test
  void everyDocsPageIsInTheIndex() throws IOException {
    String contents = Files.readString(ROOT.resolve("docs/README.md"));
    try (var pages = Files.list(ROOT.resolve("docs"))) {
      for (Path page : pages.toList()) {
        String name = String.valueOf(page.getFileName());
        if (name.endsWith(".md") && !name.equals("README.md")) {
          assertThat(contents).as("docs/README.md").contains("](" + name + ")");
        }
      }
    }
    for (String link : contents.split("\\]\\(", -1)) {
      String target = link.substring(0, Math.max(0, link.indexOf(')')));
      if (target.endsWith(".md")) {
        assertThat(ROOT.resolve("docs").resolve(target)).exists();
      }
    }
    assertThat(Arrays.asList(contents.split("\n", -1)).getFirst()).startsWith("# ");
  }
}
