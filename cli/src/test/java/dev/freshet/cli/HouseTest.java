package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import dev.freshet.trace.HouseCanary;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between the rooms of the house, and what each room may take from outside. */
class HouseTest {
  private static final String ROOT = "dev.freshet.";
  private static final int MAX_CLI_METHOD_LINES = 50;

  /** Commands, groups of their options, the configuration, and the classes that wire rooms. */
  private static final String CLI_CLASSES =
      "dev[.]freshet[.]cli[.](Main|package-info|\\w+Command|\\w+Options?|LaneOutputs"
          + "|FreshetConfig|Roles|Runs|RunConsole|StartUpTraining|FrontInProcess)";

  /**
   * What a room may import.
   *
   * @param rooms other rooms
   * @param outside packages other than the JDK's own and the annotations of JSpecify
   */
  private record May(List<String> rooms, List<String> outside) {}

  private static final Map<String, May> ARROWS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(
                  "trace",
                  may(List.of(), "io.opentelemetry", "jdk.jfr", "org.slf4j", "tools.jackson")),
              Map.entry("metrics", may(List.of("trace"), "io.prometheus", "tools.jackson")),
              Map.entry("config", may(List.of(), "org.tomlj", "tools.jackson")),
              Map.entry(
                  "process",
                  may(
                      List.of("trace", "metrics", "config"),
                      "ch.qos.logback",
                      "com.sun.management",
                      "javax.management",
                      "org.slf4j")),
              Map.entry("weights", may(List.of("trace"), "tools.jackson")),
              Map.entry("rollouts", may(List.of("trace"), "org.msgpack", "tools.jackson")),
              Map.entry(
                  "text",
                  may(List.of(), "ai.djl.huggingface", "org.apache.lucene", "tools.jackson")),
              Map.entry(
                  "wire", may(List.of("config", "trace"), "io.netty.buffer", "tools.jackson")),
              Map.entry(
                  "model",
                  may(
                      List.of("config", "weights", "trace"),
                      "jdk.incubator.vector",
                      "org.bytedeco",
                      "tools.jackson")),
              Map.entry(
                  "http",
                  may(
                      List.of("config", "wire", "metrics", "trace"),
                      "io.netty",
                      "javax.net.ssl",
                      "org.slf4j")),
              Map.entry(
                  "engine",
                  may(
                      List.of("config", "model", "weights", "wire", "metrics", "trace"),
                      "com.sun.management",
                      "org.bytedeco",
                      "org.slf4j")),
              Map.entry(
                  "server",
                  may(
                      List.of(
                          "config", "engine", "http", "wire", "weights", "text", "metrics",
                          "trace"),
                      "com.sun.management",
                      "io.netty",
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "client",
                  may(List.of("wire", "trace", "http"), "io.netty", "javax.net.ssl", "org.slf4j")),
              Map.entry(
                  "fleet",
                  may(
                      List.of("client", "wire", "weights", "metrics", "trace"),
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "router",
                  may(
                      List.of("config", "fleet", "client", "http", "wire", "metrics", "trace"),
                      "io.fabric8.kubernetes",
                      "io.netty",
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "environments",
                  may(
                      List.of("config", "text"),
                      "org.msgpack",
                      "org.slf4j",
                      "org.zeromq",
                      "tools.jackson")),
              Map.entry(
                  "trainer",
                  may(
                      List.of(
                          "config", "process", "model", "rollouts", "weights", "metrics", "trace"),
                      "org.bytedeco",
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "orchestrator",
                  may(
                      List.of(
                          "config",
                          "fleet",
                          "client",
                          "wire",
                          "environments",
                          "rollouts",
                          "text",
                          "weights",
                          "metrics",
                          "trace"),
                      "org.slf4j",
                      "org.zeromq",
                      "tools.jackson")),
              Map.entry("plots", may(List.of(), "javax.imageio", "org.knowm.xchart")),
              Map.entry(
                  "analysis",
                  may(
                      List.of("plots", "metrics", "trace"),
                      "org.apache.commons.statistics",
                      "tools.jackson")),
              Map.entry(
                  "lab",
                  may(
                      List.of(
                          "config",
                          "process",
                          "model",
                          "text",
                          "client",
                          "fleet",
                          "http",
                          "wire",
                          "weights",
                          "trainer",
                          "analysis",
                          "plots",
                          "trace"),
                      "io.netty",
                      "tools.jackson")),
              Map.entry(
                  "dashboard",
                  may(
                      List.of("http", "analysis", "plots", "rollouts", "text", "metrics", "trace"),
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "cli",
                  may(
                      List.of(
                          "trace",
                          "metrics",
                          "config",
                          "process",
                          "weights",
                          "rollouts",
                          "text",
                          "wire",
                          "model",
                          "http",
                          "engine",
                          "server",
                          "client",
                          "fleet",
                          "router",
                          "environments",
                          "trainer",
                          "orchestrator",
                          "plots",
                          "analysis",
                          "lab",
                          "dashboard"),
                      "picocli"))));

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.freshet");

  private static May may(List<String> rooms, String... outside) {
    return new May(rooms, List.of(outside));
  }

  static List<String> rooms() {
    return List.copyOf(ARROWS.keySet());
  }

  private static ArchRule arrowsOf(String room) {
    List<String> allowed = new ArrayList<>(List.of("java..", "org.jspecify.annotations.."));
    May may = ARROWS.get(room);
    assertThat(may).as("a room of the design").isNotNull();
    allowed.add(ROOT + room + "..");
    may.rooms().forEach(other -> allowed.add(ROOT + other + ".."));
    may.outside().forEach(library -> allowed.add(library + ".."));
    return ArchRuleDefinition.classes()
        .that()
        .resideInAPackage(ROOT + room + "..")
        .should()
        .onlyDependOnClassesThat(residesIn(allowed));
  }

  /** A class in one of the packages, or an array or primitive of such. */
  private static DescribedPredicate<JavaClass> residesIn(List<String> packages) {
    DescribedPredicate<JavaClass> inside =
        JavaClass.Predicates.resideInAnyPackage(packages.toArray(String[]::new));
    return DescribedPredicate.describe(
        "reside in any of " + packages,
        type ->
            type.getBaseComponentType().isPrimitive() || inside.test(type.getBaseComponentType()));
  }

  private static ArchRule noHttpInTheTrainer() {
    return ArchRuleDefinition.noClasses()
        .that()
        .resideInAPackage(ROOT + "trainer..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.net..", "com.sun.net..", "io.netty..");
  }

  /** What a command may do itself: read its options, start what the rooms offer, and print. */
  private static ArchRule cliOnlyWires() {
    return ArchRuleDefinition.noClasses()
        .that()
        .resideInAPackage(ROOT + "cli..")
        .should()
        .dependOnClassesThat(
            JavaClass.Predicates.resideInAnyPackage(
                    "java.net.http..", "java.nio.channels..", "com.sun.net..")
                .or(JavaClass.Predicates.equivalentTo(Files.class))
                .or(JavaClass.Predicates.equivalentTo(Socket.class))
                .or(JavaClass.Predicates.equivalentTo(ServerSocket.class))
                .or(JavaClass.Predicates.equivalentTo(ProcessBuilder.class)));
  }

  private static ArchRule cliIsCommandsAndWiring() {
    return ArchRuleDefinition.classes()
        .that()
        .resideInAPackage(ROOT + "cli..")
        .and()
        .areTopLevelClasses()
        .should()
        .haveNameMatching(CLI_CLASSES);
  }

  @Test
  void theCommandLineHasNoLogicOfItsOwn() {
    cliOnlyWires().check(HOUSE);
    cliIsCommandsAndWiring().check(HOUSE);
    assertThat(
            HOUSE.that(JavaClass.Predicates.resideInAPackage(ROOT + "cli..")).stream()
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> lines(method) > MAX_CLI_METHOD_LINES)
                .map(JavaMethod::getFullName))
        .as("methods of more than %d lines", MAX_CLI_METHOD_LINES)
        .isEmpty();
  }

  /** The lines from the first to the last call or field access of a method. */
  private static int lines(JavaMethod method) {
    IntSummaryStatistics numbers =
        method.getAccessesFromSelf().stream()
            .mapToInt(JavaAccess::getLineNumber)
            .filter(number -> number > 0)
            .summaryStatistics();
    return numbers.getCount() == 0 ? 0 : numbers.getMax() - numbers.getMin() + 1;
  }

  @Test
  void everyClassLivesInARoomOfTheDesign() {
    assertThat(HOUSE)
        .extracting(JavaClass::getPackageName)
        .allSatisfy(
            name ->
                assertThat(ARROWS).containsKey(name.substring(ROOT.length()).split("\\.", 2)[0]));
    assertThat(ARROWS.keySet())
        .allSatisfy(
            room ->
                assertThat(HOUSE)
                    .as("classes of room %s", room)
                    .anyMatch(type -> type.getPackageName().startsWith(ROOT + room)));
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomImportsOnlyWhatItsArrowsAllow(String room) {
    arrowsOf(room).check(HOUSE);
  }

  /** The table in docs/architecture.md is what this test holds. */
  @Test
  void theArchitecturePageHasTheArrows() throws IOException {
    String page = Files.readString(Path.of("../docs/architecture.md"));

    assertThat(page.lines().filter(line -> line.matches("\\| `\\w+/\\w+` \\|.*")))
        .hasSize(ARROWS.size() - 1);
    ARROWS.forEach(
        (room, may) -> {
          if (!room.equals("cli")) {
            String imports = may.rooms().isEmpty() ? "—" : String.join(", ", may.rooms());
            assertThat(page).containsPattern("\\| `\\w+/%s` \\| %s \\|".formatted(room, imports));
          }
        });
  }

  @Test
  void theTrainerSpeaksNoHttp() {
    noHttpInTheTrainer().check(HOUSE);
  }

  @Test
  void aRoomThatImportsWhatItMustNotIsFound() {
    JavaClasses canary = new ClassFileImporter().importClasses(HouseCanary.class);

    assertThatThrownBy(() -> arrowsOf("trace").check(canary))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("dev.freshet.text.CharTokenizer")
        .hasMessageContaining("org.bytedeco.pytorch.Tensor");
  }
}
