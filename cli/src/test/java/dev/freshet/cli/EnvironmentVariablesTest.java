package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds docs/environment-variables.md against the sources of programs and scripts. */
class EnvironmentVariablesTest {
  private static final Path ROOT = Path.of("..");
  private static final List<String> FOLDERS =
      List.of("bench", "deploy", "examples", "core", "serving", "training", "insight", "cli");

  private static final Pattern SHELL = Pattern.compile("\\$\\{?([A-Z][A-Z0-9_]{2,})");
  private static final Pattern SHELL_SETS = Pattern.compile("(?m)^\\s*([A-Z][A-Z0-9_]+)=\\S*$");
  private static final Pattern PYTHON = Pattern.compile("environ\\[\"([A-Z][A-Z0-9_]+)\"\\]");
  private static final Pattern CONSTANT = Pattern.compile("\"([A-Z][A-Z0-9_]*[A-Z0-9])\"");
  private static final Pattern DOCUMENTED = Pattern.compile("`([A-Z][A-Z0-9_]+)`");

  /** Variables of the system, and those that a shell sets itself. */
  private static final Set<String> OF_SYSTEM = Set.of("HOME", "PATH", "BASH_SOURCE");

  /** Read by libraries, not by our sources. */
  private static final Set<String> OF_LIBRARIES = Set.of("KUBECONFIG");

  @Test
  void everyVariableThatIsReadIsDocumentedAndEveryDocumentedOneIsRead() throws IOException {
    Set<String> read = new TreeSet<>(OF_LIBRARIES);
    for (Path file : sources()) {
      read.addAll(variables(file));
    }
    read.removeAll(OF_SYSTEM);
    Set<String> documented =
        names(DOCUMENTED, Files.readString(ROOT.resolve("docs/environment-variables.md")));
    documented.removeAll(OF_SYSTEM);

    assertThat(read).contains("FRESHET_API_KEY", "FRESHET_JAVA_OPTS");
    assertThat(documented).containsExactlyInAnyOrderElementsOf(read);
  }

  private static List<Path> sources() throws IOException {
    List<Path> all = new ArrayList<>(List.of(ROOT.resolve("freshet")));
    for (String folder : FOLDERS) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
        files.filter(Files::isRegularFile).forEach(all::add);
      }
    }
    return all;
  }

  private static Set<String> variables(Path file) throws IOException {
    String name = file.toString();
    if (name.endsWith(".java") && name.contains("src/main")) {
      String text = Files.readString(file);
      return text.contains("System.getenv(") ? names(CONSTANT, text) : Set.of();
    }
    if (name.endsWith(".py") && !name.contains("src/test")) {
      return names(PYTHON, Files.readString(file));
    }
    if (name.endsWith(".sh") || name.endsWith(".service") || name.endsWith("/freshet")) {
      String text = Files.readString(file);
      Set<String> read = names(SHELL, text);
      read.removeAll(names(SHELL_SETS, text));
      return read;
    }
    return Set.of();
  }

  private static Set<String> names(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult result) -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
