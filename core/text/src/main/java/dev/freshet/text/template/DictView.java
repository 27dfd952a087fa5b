package dev.freshet.text.template;

import java.util.List;

/** What a dict's {@code keys}, {@code values} and {@code items} return in Python. */
record DictView(Of of, Dict dict) {
  enum Of {
    KEYS,
    VALUES,
    ITEMS
  }

  List<Object> list() {
    return switch (of) {
      case KEYS -> dict.keys();
      case VALUES -> dict.values();
      case ITEMS -> dict.tuples();
    };
  }
}
