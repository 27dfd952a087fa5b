package dev.freshet.dashboard;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The dashboard's page, which needs no other file. */
final class DashboardPage {
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

  private DashboardPage() {}

  /** The page, as UTF-8. */
  static byte[] html() {
    return resource("page.html")
        .replace("/*uplot.css*/", resource(UPLOT + "uPlot.min.css"))
        .replace("/*page.css*/", resource("page.css"))
        .replace("/*uplot.js*/", resource(UPLOT + "uPlot.iife.min.js"))
        .replace("/*page.js*/", resource("page.js"))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static String resource(String name) {
    try (InputStream in = DashboardPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }
}
