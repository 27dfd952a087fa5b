package dev.freshet.text.template;

/**
 * A text that {@code escape} or {@code safe} made. It prints as it is. Python escapes what is
 * joined to it with an operator or method; those are not supported here.
 */
record Markup(String text) {
  private static final String[] ENTITIES = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};

  static Markup escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int special = "&<>\"'".indexOf(c);
      if (special >= 0) {
        escaped.append(ENTITIES[special]);
      } else {
        escaped.append(c);
      }
    }
    return new Markup(escaped.toString());
  }
}
