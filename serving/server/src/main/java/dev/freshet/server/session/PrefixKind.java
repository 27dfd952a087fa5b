package dev.freshet.server.session;

/** How the prompt of a turn begins. */
public enum PrefixKind {
  /** With the tokens of no earlier turn. */
  NEW("new"),

  /** With all tokens of an earlier turn: its prompt and what was sampled. */
  EXTENDED("extended"),

  /** As an earlier turn that it continues, but not with all tokens of it: a fork. */
  BROKEN("broken");

  private final String wireName;

  PrefixKind(String wireName) {
    this.wireName = wireName;
  }

  /** The name in captures and metrics. */
  public String wireName() {
    return wireName;
  }
}
