package dev.freshet.plots;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * A PNG image of plots under a heading, {@value #WIDTH} pixels wide, each row of plots {@value
 * #ROW} high. Only this class loads AWT, which runs headless.
 */
public final class PngSheet {
  static final int WIDTH = 1600;
  static final int ROW = 460;
  private static final int MARGIN = 24;
  private static final int TITLE_POINTS = 24;
  private static final int TEXT_POINTS = 18;
  private static final int MAX_TITLE = 100;

  private PngSheet() {}

  /**
   * Draws and writes the image.
   *
   * @param rows plots of a row are side by side
   * @throws PlotException if no font is installed or the file cannot be written
   */
  public static void write(String title, String text, List<List<Plot>> rows, Path file) {
    System.setProperty("java.awt.headless", "true");
    requireFont(file);
    BufferedImage image = draw(title, text, rows);
    try (OutputStream out = Files.newOutputStream(file)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new PlotException(file + ": cannot be written: this JDK has no PNG writer");
      }
    } catch (IOException e) {
      throw new PlotException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Without fonts the JDK fails when it first measures text, with one of several throwables. */
  private static void requireFont(Path file) {
    try {
      var _ = lines("any text", new Font(Font.SANS_SERIF, Font.PLAIN, TEXT_POINTS));
    } catch (RuntimeException | InternalError | LinkageError e) {
      throw new PlotException(
          "%s: cannot be drawn without a font: install fontconfig and a font (Debian packages fontconfig and fonts-dejavu-core); the JDK reports: %s"
              .formatted(file, e),
          e);
    }
  }

  private static BufferedImage draw(String title, String text, List<List<Plot>> rows) {
    Font titleFont = new Font(Font.SANS_SERIF, Font.BOLD, TITLE_POINTS);
    Font textFont = new Font(Font.SANS_SERIF, Font.PLAIN, TEXT_POINTS);
    List<String> lines = lines(text, textFont);
    int head = MARGIN + 2 * TITLE_POINTS + lines.size() * TEXT_POINTS * 3 / 2 + MARGIN;
    BufferedImage image =
        new BufferedImage(WIDTH, head + rows.size() * ROW, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, WIDTH, image.getHeight());
      graphics.setColor(new Color(Tone.TEXT.light()));
      graphics.setFont(titleFont);
      graphics.drawString(
          title.length() > MAX_TITLE ? title.substring(0, MAX_TITLE) + "…" : title,
          MARGIN,
          MARGIN + TITLE_POINTS);
      graphics.setFont(textFont);
      for (int i = 0; i < lines.size(); i++) {
        graphics.drawString(
            lines.get(i), MARGIN, MARGIN + 2 * TITLE_POINTS + (i + 1) * TEXT_POINTS * 3 / 2);
      }
      for (int i = 0; i < rows.size(); i++) {
        row(graphics, rows.get(i), head + i * ROW);
      }
      return image;
    } finally {
      graphics.dispose();
    }
  }

  private static void row(Graphics2D graphics, List<Plot> plots, int top) {
    int width = (WIDTH - 2 * MARGIN) / plots.size();
    for (int i = 0; i < plots.size(); i++) {
      Graphics2D part = (Graphics2D) graphics.create(MARGIN + i * width, top, width, ROW);
      try {
        ChartPlot.of(plots.get(i), width, ROW).paint(part, width, ROW);
      } finally {
        part.dispose();
      }
    }
  }

  /** The text, wrapped to the width of the image. */
  private static List<String> lines(String text, Font font) {
    Graphics2D measure = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
    try {
      FontMetrics metrics = measure.getFontMetrics(font);
      List<String> lines = new ArrayList<>();
      StringBuilder line = new StringBuilder();
      for (String word : text.split(" ")) {
        if (!line.isEmpty() && metrics.stringWidth(line + " " + word) > WIDTH - 2 * MARGIN) {
          lines.add(line.toString());
          line.setLength(0);
        }
        line.append(line.isEmpty() ? "" : " ").append(word);
      }
      lines.add(line.toString());
      return lines;
    } finally {
      measure.dispose();
    }
  }
}
