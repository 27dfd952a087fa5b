package dev.freshet.text.template;

/** Costs and conversions of texts that methods, filters and operators share. */
final class Texts {
  private Texts() {}

  /** Counts a search of {@code part} in {@code text}, which may compare each at each place. */
  static void search(String text, String part, Budget budget) {
    long length = text.length();
    budget.read(length);
    budget.work(length * part.length());
  }

  /** A value that must be a text. */
  static String require(String operation, Object value) {
    return switch (Undefined.require(value)) {
      case String s -> s;
      case Markup m -> throw escaped(operation);
      default ->
          throw TemplateException.failed(
              "%s: expected a str, found '%s'", operation, Types.name(value));
    };
  }

  static TemplateException escaped(String operation) {
    return TemplateException.unsupported(operation + " of a text made by 'escape' or 'safe'");
  }
}
