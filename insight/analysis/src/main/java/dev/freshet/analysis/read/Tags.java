package dev.freshet.analysis.read;

import java.util.List;

/** The tags of the log format in a text. */
final class Tags {
  private static final List<String> TAGS =
      List.of(
          "[weights][",
          "[weights] ",
          "[ckpt] ",
          "[gen] ",
          "[rollout] ",
          "[fleet][",
          "[fleet] ",
          "[time] step.done ");

  private Tags() {}

  /** Where the first tag at or after {@code from} begins; -1 if there is none. */
  static int next(String text, int from) {
    for (int i = text.indexOf('[', from); i >= 0; i = text.indexOf('[', i + 1)) {
      for (String tag : TAGS) {
        if (text.startsWith(tag, i)) {
          return i;
        }
      }
    }
    return -1;
  }
}
