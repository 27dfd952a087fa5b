package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The files of {@code deploy/}: among each other, against the documents and by promtool. */
@Timeout(240)
class DeployTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path RULES = ROOT.resolve("deploy/prometheus/freshet.rules.yml");
  private static final Path RULE_TESTS = ROOT.resolve("deploy/prometheus/freshet.rules.test.yml");
  private static final Path CONFIG = ROOT.resolve("deploy/prometheus/prometheus.yml");
  private static final Path DASHBOARD = ROOT.resolve("deploy/grafana/freshet.json");
  private static final Duration DEADLINE = Duration.ofMinutes(3);

  private static final Pattern METRIC = Pattern.compile("\\bfreshet_\\w+");
  private static final Pattern DOCUMENTED = Pattern.compile("\\| `(freshet_\\w+)` \\| (\\w+)");
  private static final Pattern RECORDED = Pattern.compile("\\bfreshet:\\w+(:\\w+)*");
  private static final Pattern ALERT = Pattern.compile("(?m)^ +- alert: (\\w+)$");
  private static final Pattern RUNBOOK = Pattern.compile("(?m)^ +runbook: (\\S+)$");

  @TempDir Path dir;

  @Test
  void everyMetricOfRulesAndDashboardIsDocumented() throws IOException {
    Set<String> documented = new TreeSet<>();
    DOCUMENTED
        .matcher(Files.readString(ROOT.resolve("docs/metrics.md")))
        .results()
        .forEach(
            row -> {
              documented.add(row.group(1));
              if (row.group(2).equals("histogram")) {
                Stream.of("_bucket", "_count", "_sum")
                    .map(row.group(1)::concat)
                    .forEach(documented::add);
              }
            });
    for (Path file : List.of(RULES, RULE_TESTS, DASHBOARD)) {
      assertThat(found(METRIC, Files.readString(file)))
          .as(file.toString())
          .isNotEmpty()
          .isSubsetOf(documented);
    }
  }

  @Test
  void whatTheDashboardTakesFromRulesIsRecordedThere() throws IOException {
    Set<String> recorded = found(Pattern.compile("(?<=- record: )\\S+"), Files.readString(RULES));
    for (Path file : List.of(RULES, DASHBOARD)) {
      assertThat(found(RECORDED, Files.readString(file))).isNotEmpty().isSubsetOf(recorded);
    }
  }

  @Test
  void everyAlertHasAPageOfTheRunbookThatNamesItAndATest() throws IOException {
    String rules = Files.readString(RULES);
    String tests = Files.readString(RULE_TESTS);
    for (String block : rules.split("(?m)(?=^ +- alert: )", -1)) {
      if (!ALERT.matcher(block).lookingAt()) {
        continue;
      }
      String alert = found(ALERT, block, 1).iterator().next();
      Path page = ROOT.resolve(found(RUNBOOK, block, 1).iterator().next());
      assertThat(page).as(alert).isRegularFile();
      assertThat(Files.readString(page)).contains(alert);
      assertThat(block).contains("severity: ", "summary: ", "description: ");
      assertThat(tests).contains("alertname: " + alert + "\n        exp_alerts:");
    }
    assertThat(found(ALERT, rules, 1)).hasSizeGreaterThan(20);
  }

  @Test
  void everyPageOfTheRunbookIsInItsIndexAndNamesAlertsThatThereAre() throws IOException {
    Path runbook = ROOT.resolve("docs/runbook");
    String index = Files.readString(runbook.resolve("README.md"));
    Set<String> alerts = found(ALERT, Files.readString(RULES), 1);
    try (Stream<Path> pages = Files.list(runbook)) {
      for (Path page : pages.toList()) {
        String name = String.valueOf(page.getFileName());
        assertThat(name.equals("README.md") || index.contains("](" + name + ")")).as(name).isTrue();
        assertThat(found(Pattern.compile("\\bFreshet[A-Z]\\w+"), Files.readString(page)))
            .as(name)
            .isSubsetOf(alerts);
      }
    }
  }

  @Test
  void promtoolAcceptsConfigurationRulesAndTheirTests() throws Exception {
    requireTool("promtool");
    promtool("check", "config", CONFIG.toString());
    promtool("check", "rules", RULES.toString());
    promtool("test", "rules", RULE_TESTS.toString());
  }

  @Test
  void promtoolAcceptsTheQueriesOfTheDashboard() throws Exception {
    requireTool("promtool");
    ObjectMapper json = new ObjectMapper();
    JsonNode dashboard = json.readTree(Files.readString(DASHBOARD));
    StringBuilder rules = new StringBuilder("groups:\n- name: dashboard\n  rules:\n");
    for (JsonNode panel : dashboard.get("panels")) {
      for (JsonNode target : panel.path("targets")) {
        String query =
            target
                .get("expr")
                .asString()
                .replace("$__rate_interval", "1m")
                .replaceAll("\\$(run|replica)\\b", ".*");
        rules.append("  - record: q:%d\n".formatted(rules.length()));
        rules.append("    expr: %s\n".formatted(json.writeValueAsString(query)));
      }
    }
    Path file = Files.writeString(dir.resolve("dashboard.rules.yml"), rules);
    promtool("check", "rules", file.toString());
  }

  @Test
  void systemdAcceptsTheUnits() throws Exception {
    requireTool("systemd-analyze");
    List<String> command = new ArrayList<>(List.of("systemd-analyze", "verify"));
    try (Stream<Path> units = Files.list(ROOT.resolve("deploy/systemd"))) {
      for (Path unit : units.filter(file -> file.toString().endsWith("@.service")).toList()) {
        String installed =
            Files.readString(unit)
                .replace("/opt/freshet/freshet", ROOT.resolve("freshet").toString());
        Path instance = dir.resolve(unit.getFileName().toString().replace("@.", "@mine."));
        command.add(Files.writeString(instance, installed).toString());
      }
    }
    assertThat(command).hasSize(5);
    assertThat(run(command)).isEmpty();
  }

  private static Set<String> found(Pattern pattern, String text) {
    return found(pattern, text, 0);
  }

  private static Set<String> found(Pattern pattern, String text, int group) {
    return pattern
        .matcher(text)
        .results()
        .map(match -> match.group(group))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Skips a check whose tool is missing; in CI it fails. */
  private static void requireTool(String tool) {
    boolean installed = isInstalled(tool);
    if (System.getenv("CI") != null) {
      assertThat(installed).as("%s is installed, which CI needs", tool).isTrue();
    }
    assumeTrue(installed, tool + " is not installed");
  }

  private static boolean isInstalled(String command) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .anyMatch(entry -> Files.isExecutable(Path.of(entry, command)));
  }

  private void promtool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    var _ = run(command);
  }

  /** What it says; it must succeed. */
  private String run(List<String> command) throws IOException, InterruptedException {
    Path out = dir.resolve("said.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      String said = Files.readString(out);
      assertThat(process.exitValue()).as(said).isZero();
      return said;
    } finally {
      process.destroyForcibly();
    }
  }
}
