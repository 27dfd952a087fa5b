package dev.freshet.text.template;

import java.util.Iterator;
import java.util.stream.LongStream;

/** Python's {@code range}, of at most {@link Limits#RANGE} items. */
record Range(long start, long stop, long step) {
  Range {
    if (step == 0) {
      throw TemplateException.failed("range() arg 3 must not be zero");
    }
    if (Math.ceil(((double) stop - start) / step) > Limits.RANGE) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "range(%d, %d, %d): more than %d items".formatted(start, stop, step, Limits.RANGE),
          0);
    }
  }

  int length() {
    return (int) Math.max(0, Math.ceil(((double) stop - start) / step));
  }

  long at(long index) {
    return start + index * step;
  }

  boolean contains(long value) {
    long offset = value - start;
    return offset % step == 0 && offset / step >= 0 && offset / step < length();
  }

  Iterator<Object> iterator() {
    return LongStream.range(0, length()).<Object>mapToObj(this::at).iterator();
  }
}
