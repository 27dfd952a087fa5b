package dev.freshet.model;

/**
 * The rotary embedding of every position of a context. Depends on the model's shape only, so all
 * policy versions share it. Immutable.
 */
final class RotaryTable {
  private final int half;
  private final float[] cos;
  private final float[] sin;

  /** The rotations of positions below {@code maxLength}. */
  RotaryTable(ModelConfig config, int maxLength) {
    float[] frequencies = config.rope().frequencies(config.headDim());
    this.half = frequencies.length;
    this.cos = new float[Math.multiplyExact(maxLength, half)];
    this.sin = new float[cos.length];
    for (int position = 0; position < maxLength; position++) {
      for (int i = 0; i < half; i++) {
        float angle = position * frequencies[i];
        cos[position * half + i] = (float) Math.cos(angle);
        sin[position * half + i] = (float) Math.sin(angle);
      }
    }
  }

  /**
   * Rotates one head of one token and scales it.
   *
   * @param source address of the head, {@code headDim} numbers
   * @param target receives the rotated head from {@code offset} on
   */
  void rotate(KvFormat format, long source, int position, float scale, float[] target, int offset) {
    int table = position * half;
    long size = format.size();
    long upper = source + half * size;
    for (int i = 0; i < half; i++) {
      float first = format.get(source + i * size);
      float second = format.get(upper + i * size);
      float c = cos[table + i] * scale;
      float s = sin[table + i] * scale;
      target[offset + i] = first * c - second * s;
      target[offset + half + i] = second * c + first * s;
    }
  }
}
