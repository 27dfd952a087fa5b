package dev.freshet.plots;

import java.util.Locale;

/** The colors of data, for a light and a dark background. */
public enum Tone {
  FIRST(0x2563eb, 0x7aa5ff),
  SECOND(0xd97706, 0xf4b25c),
  BAD(0xc62828, 0xff8a80),
  TEXT(0x1c2330, 0xe4e8f2),
  SOFT(0x66708a, 0x97a1ba);

  private final int light;
  private final int dark;

  Tone(int light, int dark) {
    this.light = light;
    this.dark = dark;
  }

  /** The color on a light background, as 0xRRGGBB. */
  int light() {
    return light;
  }

  /** The color on a dark background, as 0xRRGGBB. */
  int dark() {
    return dark;
  }

  /** Its name as a class and as a variable of the page's style. */
  String css() {
    return name().toLowerCase(Locale.ROOT);
  }
}
