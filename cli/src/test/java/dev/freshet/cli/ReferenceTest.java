package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The references of commands and of the configuration, which are made from the code and from the
 * example that another test holds against it. With {@code -Dfreshet.reference=write} they are
 * written anew instead of compared.
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
            "./freshet test -pl cli -am -Dtest=ReferenceTest -Dfreshet.reference=write makes it anew")
        .content()
        .isEqualTo(text);
  }

  @Test
  void everyCommandAndOptionIsInTheReference() throws IOException {
    StringBuilder text =
        new StringBuilder(
            """
            # Commands

            What `--help` says, of every command. Exit codes: 0 done, 1 a failure with one line that says what and where (also: stopped by a
            signal), 2 a command line or configuration that cannot be, 3 the gate of `analyze --fail-on`.
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

            One TOML file, `--config FILE`, and overrides on the command line: `--trainer.lr 1e-4`. What is left out has the default;
            [reverse-text.toml](../examples/reverse-text.toml) has every key. An unknown key, a wrong type or a combination that cannot be is an
            error that names the key, the value and what is allowed. `--dry-run` prints what results.
            """);
    List<String> remarks = new ArrayList<>();
    for (String line : Files.readAllLines(ROOT.resolve("examples/reverse-text.toml"))) {
      if (line.startsWith("#")) {
        remarks.add(line.substring(1).strip());
      } else if (line.startsWith("[")) {
        text.append(
            "%n## %s%n%n%s| key | default | meaning |%n|---|---|---|%n"
                .formatted(
                    line.substring(1, line.indexOf(']')),
                    remarks.isEmpty() ? "" : String.join(" ", remarks) + "\n\n"));
        remarks.clear();
      } else if (line.contains(" = ")) {
        text.append(key(line));
        remarks.clear();
      } else {
        remarks.clear();
      }
    }
    hold("configuration.md", text.toString());
  }

  private static String key(String line) {
    String[] parts = line.split(" = ", 2);
    int comment = comment(parts[1]);
    String value = (comment < 0 ? parts[1] : parts[1].substring(0, comment)).strip();
    String meaning = comment < 0 ? "" : parts[1].substring(comment + 1).strip();
    return "| `%s` | `%s` | %s |%n".formatted(parts[0], value, escaped(meaning));
  }

  /** Text in a cell of a table. */
  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|");
  }

  /** Where the remark begins, outside of quotes; -1 if there is none. */
  private static int comment(String text) {
    boolean quoted = false;
    int[] characters = text.chars().toArray();
    for (int i = 0; i < characters.length; i++) {
      quoted ^= characters[i] == '"';
      if (characters[i] == '#' && !quoted) {
        return i;
      }
    }
    return -1;
  }

  @Test
  void everyPageOfTheBookIsInItsContents() throws IOException {
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
