package dev.freshet.plots;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Draws in a child process whose fontconfig configuration has no fonts. */
@EnabledOnOs(OS.LINUX)
class WithoutFontsTest {
  @TempDir Path dir;

  /** Draws an image and prints the error. */
  static final class Drawing {
    private Drawing() {}

    public static void main(String[] arguments) {
      try {
        PngSheet.write("title", "text", List.of(), Path.of(arguments[0]));
      } catch (PlotException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void withoutAFontTheErrorIsOneLineThatSaysWhatToInstall() throws Exception {
    Path noFonts = dir.resolve("fonts.conf");
    Files.writeString(
        noFonts, "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig/>");
    Path out = dir.resolve("out.txt");
    ProcessBuilder drawing =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Duser.home=" + dir,
                "-cp",
                System.getProperty("java.class.path"),
                Drawing.class.getName(),
                dir.resolve("x.png").toString())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    drawing.environment().put("FONTCONFIG_FILE", noFonts.toString());

    Process process = drawing.start();

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(out, StandardCharsets.UTF_8).strip())
        .contains("x.png: cannot be drawn without a font: install fontconfig and a font")
        .hasLineCount(1);
    assertThat(dir.resolve("x.png")).doesNotExist();
  }
}
