package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import dev.freshet.trace.HouseCanary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between the rooms of the house, and what each room may take from outside. */
class HouseTest {
  private static final String ROOT = "dev.freshet.";

  /**
   * What a room may import.
   *
   * @param rooms other rooms; the engine opens checkpoints itself, hence weights for inference
   * @param outside packages beside the JDK's own and the annotations of JSpecify
   */
  private record May(List<String> rooms, List<String> outside) {}

  private static final Map<String, May> ARROWS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(
                  "trace",
                  may(List.of(), "io.opentelemetry", "jdk.jfr", "org.slf4j", "tools.jackson")),
              Map.entry("metrics", may(List.of("trace"), "io.prometheus", "tools.jackson")),
              Map.entry("config", may(List.of(), "tools.jackson")),
              Map.entry(
                  "process",
                  may(
                      List.of("trace", "metrics", "config"),
                      "ch.qos.logback",
                      "com.sun.management",
                      "javax.management",
                      "org.slf4j")),
              Map.entry("weights", may(List.of("trace"), "tools.jackson")),
              Map.entry("rollouts", may(List.of("trace"), "tools.jackson")),
              Map.entry("text", may(List.of(), "ai.djl.huggingface", "tools.jackson")),
              Map.entry("wire", may(List.of("trace"), "io.netty.buffer", "tools.jackson")),
              Map.entry("model", may(List.of("weights", "trace"), "org.bytedeco", "tools.jackson")),
              Map.entry("http", may(List.of("wire", "metrics", "trace"), "io.netty", "org.slf4j")),
              Map.entry(
                  "engine",
                  may(
                      List.of("model", "weights", "wire", "metrics", "trace"),
                      "org.bytedeco",
                      "org.slf4j")),
              Map.entry(
                  "server",
                  may(
                      List.of("engine", "http", "wire", "text", "metrics", "trace"),
                      "com.sun.management",
                      "io.netty",
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry("client", may(List.of("wire", "trace", "http"), "io.netty", "org.slf4j")),
              Map.entry(
                  "fleet",
                  may(List.of("client", "wire", "metrics", "trace"), "org.slf4j", "tools.jackson")),
              Map.entry("environments", may(List.of("text"))),
              Map.entry(
                  "trainer",
                  may(
                      List.of("model", "rollouts", "weights", "metrics", "trace"),
                      "org.bytedeco",
                      "org.slf4j",
                      "tools.jackson")),
              Map.entry(
                  "orchestrator",
                  may(
                      List.of(
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
                          "client",
                          "fleet",
                          "http",
                          "wire",
                          "weights",
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
                          "environments",
                          "trainer",
                          "orchestrator",
                          "plots",
                          "analysis",
                          "lab",
                          "dashboard"),
                      "info.picocli",
                      "org.bytedeco",
                      "org.slf4j",
                      "picocli",
                      "tools.jackson"))));

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
