package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigSection;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * The command lines in documents, examples, scripts and units: each names a command, and options or
 * configuration keys, that exist.
 */
class DocumentedCommandsTest {
  private static final Path ROOT = Path.of("..");
  private static final List<String> FOLDERS = List.of("docs", "examples", "deploy", "bench");
  private static final Pattern CONTINUED = Pattern.compile("\\\\\n *");
  private static final Pattern QUOTED = Pattern.compile("\"[^\"\n]*\"|'[^'\n]*'");
  private static final Pattern COMMAND_LINE =
      Pattern.compile("(?:\\./|(?<![\\w/.-]))freshet ([a-z][^`|#\n]*)");
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][\\w-]*(?:\\.\\w+)*");

  private static final Set<String> KEYS =
      ConfigSection.of(FreshetConfig.class).stream()
          .flatMap(
              section ->
                  section.entries().stream().map(key -> "--" + section.name() + "." + key.name()))
          .collect(Collectors.toSet());

  @Test
  void everyOptionOfACommandLineExists() throws IOException {
    List<Path> files = new ArrayList<>();
    files.add(ROOT.resolve("README.md"));
    files.add(ROOT.resolve("CONTRIBUTING.md"));
    for (String folder : FOLDERS) {
      try (Stream<Path> below = Files.walk(ROOT.resolve(folder))) {
        below.filter(Files::isRegularFile).sorted().forEach(files::add);
      }
    }
    files.remove(ROOT.resolve("docs/commands.md")); // Generated from the commands.
    List<String> unknown = new ArrayList<>();
    int lines = 0;
    for (Path file : files) {
      for (String line : commandLines(file)) {
        lines++;
        unknownOptions(line).forEach(option -> unknown.add(file + ": " + option + " of " + line));
      }
    }

    assertThat(lines).as("command lines found").isGreaterThan(100);
    assertThat(unknown).isEmpty();
  }

  @Test
  void anUnknownOptionOrCommandIsFound() {
    assertThat(unknownOptions("run --run.steps 20 --trainer.lr 1e-4")).isEmpty();
    assertThat(unknownOptions("bench swap --shape small")).isEmpty();
    assertThat(unknownOptions("run --run.step 20")).containsExactly("--run.step");
    assertThat(unknownOptions("update --weight DIR")).containsExactly("--weight");
    assertThat(unknownOptions("sever --port 8000")).containsExactly("--port");
  }

  private static List<String> commandLines(Path file) throws IOException {
    try {
      String text = CONTINUED.matcher(Files.readString(file)).replaceAll("");
      return COMMAND_LINE
          .matcher(QUOTED.matcher(text).replaceAll("TEXT"))
          .results()
          .map(result -> result.group(1).strip())
          .toList();
    } catch (MalformedInputException e) {
      return List.of(); // An image.
    }
  }

  private static List<String> unknownOptions(String line) {
    List<String> words = List.of(line.split(" +"));
    CommandLine command = Main.commands().getSubcommands().get(words.getFirst());
    if (command != null && words.size() > 1) {
      command = command.getSubcommands().getOrDefault(words.get(1), command);
    }
    CommandLine of = command;
    return OPTION
        .matcher(line)
        .results()
        .map(MatchResult::group)
        .filter(option -> !KEYS.contains(option))
        .filter(option -> of == null || of.getCommandSpec().findOption(option) == null)
        .toList();
  }
}
