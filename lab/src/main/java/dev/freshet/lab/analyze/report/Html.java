package dev.freshet.lab.analyze.report;

import java.util.List;

/** Pieces of a page. */
final class Html {
  private Html() {}

  /** Text that stands for itself, in an element or an attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  static String table(Table table) {
    StringBuilder html = new StringBuilder("<table>\n");
    List<List<String>> rows = table.rows();
    for (int i = 0; i < rows.size(); i++) {
      String cell = i == 0 ? "th" : "td";
      html.append("<tr>");
      rows.get(i)
          .forEach(
              text ->
                  html.append('<')
                      .append(cell)
                      .append('>')
                      .append(escape(text))
                      .append("</")
                      .append(cell)
                      .append('>'));
      html.append("</tr>\n");
    }
    return html.append("</table>\n").toString();
  }

  static String list(List<String> items) {
    StringBuilder html = new StringBuilder("<ul>\n");
    items.forEach(item -> html.append("<li>").append(escape(item)).append("</li>\n"));
    return html.append("</ul>\n").toString();
  }
}
