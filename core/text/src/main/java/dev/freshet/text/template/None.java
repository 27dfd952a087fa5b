package dev.freshet.text.template;

/** Python's {@code None}. */
enum None {
  NONE
}
