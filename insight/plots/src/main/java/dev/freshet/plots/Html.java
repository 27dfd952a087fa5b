package dev.freshet.plots;

import java.util.List;

/** Pieces of an HTML page. Text arguments are escaped. */
public final class Html {
  private Html() {}

  /** Escapes text for an element or an attribute. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** A heading above {@code html}; empty if that is empty. */
  public static String section(String title, String html) {
    return html.isEmpty() ? "" : "<h2>%s</h2>\n%s".formatted(escape(title), html);
  }

  /** A paragraph; empty without text. */
  public static String paragraph(String text) {
    return text.isEmpty() ? "" : "<p>%s</p>\n".formatted(escape(text));
  }

  /** A table that scrolls where it is too wide; empty without rows. */
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

  /** A list; empty without items. */
  public static String list(List<String> items) {
    if (items.isEmpty()) {
      return "";
    }
    StringBuilder html = new StringBuilder("<ul>\n");
    items.forEach(item -> html.append("<li>").append(escape(item)).append("</li>\n"));
    return html.append("</ul>\n").toString();
  }

  /** A plot with its caption; empty without data. */
  public static String plot(Plot plot) {
    return plot.isEmpty() ? "" : SvgPlot.of(plot);
  }

  /** Plots side by side; empty without data. */
  public static String plots(List<Plot> plots) {
    return sideBySide(plots.stream().map(Html::plot).toArray(String[]::new));
  }

  /** Pieces side by side, wrapped where there is no room; empty without content. */
  public static String sideBySide(String... pieces) {
    String all = String.join("", pieces);
    return all.isEmpty() ? "" : "<div class=\"plots\">\n" + all + "</div>\n";
  }
}
