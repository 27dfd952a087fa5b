package dev.freshet.plots;

import java.util.List;

/** Pieces of a page. What they are given as text stands for itself. */
public final class Html {
  private Html() {}

  /** Text that stands for itself, in an element or an attribute. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** A heading and what is under it; nothing if that is nothing. */
  public static String section(String title, String html) {
    return html.isEmpty() ? "" : "<h2>%s</h2>\n%s".formatted(escape(title), html);
  }

  /** A paragraph; nothing of no text. */
  public static String paragraph(String text) {
    return text.isEmpty() ? "" : "<p>%s</p>\n".formatted(escape(text));
  }

  /** A table that scrolls by itself where it is too wide; nothing of a table without rows. */
  public static String table(Table table) {
    if (table.isEmpty()) {
      return "";
    }
    StringBuilder html = new StringBuilder("<div class=\"scroll\" tabindex=\"0\"><table>\n");
    List<List<String>> rows = table.rows();
    for (int i = 0; i < rows.size(); i++) {
      String cell = i == 0 ? "th" : "td";
      html.append("<tr>");
      for (String text : rows.get(i)) {
        html.append("<%s>%s</%s>".formatted(cell, escape(text), cell));
      }
      html.append("</tr>\n");
    }
    return html.append("</table></div>\n").toString();
  }

  /** A list; nothing of no items. */
  public static String list(List<String> items) {
    if (items.isEmpty()) {
      return "";
    }
    StringBuilder html = new StringBuilder("<ul>\n");
    items.forEach(item -> html.append("<li>").append(escape(item)).append("</li>\n"));
    return html.append("</ul>\n").toString();
  }

  /** A plot with its caption; nothing of one without a point. */
  public static String plot(Plot plot) {
    return plot.isEmpty() ? "" : SvgPlot.of(plot);
  }

  /** Plots beside one another; nothing of plots without points. */
  public static String plots(List<Plot> plots) {
    return beside(plots.stream().map(Html::plot).toArray(String[]::new));
  }

  /** Pieces beside one another, or below where there is no room; nothing of none. */
  public static String beside(String... pieces) {
    String all = String.join("", pieces);
    return all.isEmpty() ? "" : "<div class=\"plots\">\n" + all + "</div>\n";
  }
}
