package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A set of Unicode scalar values: code points without surrogates, which UTF-8 cannot encode.
 *
 * @param ranges in ascending order, not adjacent
 */
record CharSet(List<Range> ranges) {
  /** The characters from one to another, both included. */
  record Range(int first, int last) {}

  static final CharSet ALL =
      new CharSet(List.of(new Range(0, 0xD7FF), new Range(0xE000, Character.MAX_CODE_POINT)));

  static final CharSet DIGITS = of('0', '9');
  static final CharSet HEX = DIGITS.or(of('a', 'f')).or(of('A', 'F'));
  static final CharSet WORD = DIGITS.or(of('a', 'z')).or(of('A', 'Z')).or(of('_', '_'));
  static final CharSet SPACES = of('\t', '\r').or(of(' ', ' '));
  static final CharSet LINE_ENDS = of('\n', '\n').or(of('\r', '\r'));

  static CharSet of(int first, int last) {
    return new CharSet(List.of(new Range(first, last)));
  }

  static CharSet of(int only) {
    return of(only, only);
  }

  CharSet or(CharSet other) {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.addAll(other.ranges);
    sorted.sort(Comparator.comparingInt(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range range : sorted) {
      if (!joined.isEmpty() && range.first <= joined.getLast().last + 1) {
        Range before = joined.removeLast();
        joined.add(new Range(before.first, Math.max(before.last, range.last)));
      } else {
        joined.add(range);
      }
    }
    return new CharSet(List.copyOf(joined));
  }

  /** The characters that are not in the set. */
  CharSet not() {
    return ALL.minus(this);
  }

  CharSet minus(CharSet other) {
    List<Range> left = new ArrayList<>();
    for (Range range : ranges) {
      int next = range.first;
      for (Range cut : other.ranges) {
        if (cut.last < next || cut.first > range.last) {
          continue;
        }
        if (cut.first > next) {
          left.add(new Range(next, cut.first - 1));
        }
        next = cut.last + 1;
      }
      if (next <= range.last) {
        left.add(new Range(next, range.last));
      }
    }
    return new CharSet(List.copyOf(left));
  }

  boolean contains(int c) {
    return ranges.stream().anyMatch(range -> range.first <= c && c <= range.last);
  }
}
