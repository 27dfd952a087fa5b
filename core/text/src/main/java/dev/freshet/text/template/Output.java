package dev.freshet.text.template;

/** Text that grows while statements run, up to the limit of the rendering. */
final class Output {
  private final StringBuilder text = new StringBuilder();
  private final Budget budget;

  Output(Budget budget) {
    this.budget = budget;
  }

  void append(String part) {
    budget.text(part.length());
    budget.limit((long) text.length() + part.length());
    text.append(part);
  }

  int length() {
    return text.length();
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
