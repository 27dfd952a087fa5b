package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.CharTokenizer;
import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopTextTest {
  @Test
  void exactlyTheTextBeforeTheFirstStopStringIsReturned(@TempDir Path dir) throws Exception {
    new CharTokenizer("abc").write(dir);
    Random random = new Random(1);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      for (int round = 0; round < 2000; round++) {
        String text = word(random, 12);
        List<String> stops =
            Stream.generate(() -> word(random, 4)).limit(1 + random.nextInt(3)).toList();
        StopText stream = new StopText(new StreamDecoder(tokenizer, true), stops, false, 0);
        StringBuilder sent = new StringBuilder();
        for (int token : tokenizer.encode(text)) {
          if (stream.stoppedBy().isEmpty()) {
            sent.append(stream.push(token));
          }
        }
        if (stream.stoppedBy().isEmpty()) {
          sent.append(stream.flush());
        }

        // The text ends at the stop string that is complete first, not at the one that begins
        // first.
        int end =
            IntStream.rangeClosed(0, text.length())
                .filter(to -> stops.stream().anyMatch(text.substring(0, to)::endsWith))
                .findFirst()
                .orElse(-1);
        if (end < 0) {
          assertThat(sent.toString()).isEqualTo(text);
        } else {
          int begin =
              stops.stream()
                  .filter(text.substring(0, end)::endsWith)
                  .mapToInt(stop -> end - stop.length())
                  .min()
                  .orElseThrow();
          assertThat(sent.toString()).isEqualTo(text.substring(0, begin));
          assertThat(stream.stoppedBy()).isPresent();
        }
      }
    }
  }

  @Test
  void aStopStringThatBeginsWithTheSpaceAfterThePromptIsFound(@TempDir Path dir) throws Exception {
    Files.writeString(
        dir.resolve("tokenizer.json"),
        """
        {"version": "1.0", "added_tokens": [],
         "model": {"type": "WordLevel", "unk_token": ",",
                   "vocab": {",": 0, "▁the": 1, "▁river": 2}},
         "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}""");
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      StopText text =
          new StopText(
              new StreamDecoder(tokenizer, true, new int[] {0}), List.of(" river"), false, 0);
      assertThat(text.push(1) + text.push(2)).isEqualTo(" the");
      assertThat(text.stoppedBy()).hasValue(" river");
      StopText first =
          new StopText(
              new StreamDecoder(tokenizer, true, new int[] {0}), List.of(" the"), false, 0);
      assertThat(first.push(1)).isEmpty();
      assertThat(first.stoppedBy()).hasValue(" the");
    }
  }

  @Test
  void aStopStringCountsFromTheTokenAfterMinTokensOnWhereverItBegins(@TempDir Path dir)
      throws Exception {
    new CharTokenizer("abc").write(dir);
    Random random = new Random(2);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      for (int round = 0; round < 2000; round++) {
        String text = word(random, 14);
        String stop = word(random, 3);
        int minTokens = random.nextInt(8);
        StopText stream =
            new StopText(new StreamDecoder(tokenizer, true), List.of(stop), false, minTokens);
        StringBuilder sent = new StringBuilder();
        for (int token : tokenizer.encode(text)) {
          if (stream.stoppedBy().isEmpty()) {
            sent.append(stream.push(token));
          }
        }
        if (stream.stoppedBy().isEmpty()) {
          sent.append(stream.flush());
        }

        // One character is one token.
        int end =
            IntStream.rangeClosed(minTokens + 1, text.length())
                .filter(to -> text.substring(0, to).endsWith(stop))
                .findFirst()
                .orElse(-1);
        assertThat(stream.stoppedBy().isPresent()).isEqualTo(end > 0);
        assertThat(sent.toString())
            .isEqualTo(end < 0 ? text : text.substring(0, end - stop.length()));
      }
    }
  }

  @Test
  void aStopStringThatRepeatsItselfIsSearchedInTimeLinearInTheText(@TempDir Path dir)
      throws Exception {
    new CharTokenizer("ab").write(dir);
    List<String> stops = IntStream.range(0, 60).mapToObj(i -> "a".repeat(200 + i) + "ba").toList();
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      int a = tokenizer.encode("a")[0];
      int b = tokenizer.encode("b")[0];
      StopText stream =
          new StopText(new StreamDecoder(tokenizer, true, new int[0]), stops, false, 0);
      StringBuilder sent = new StringBuilder();
      for (int i = 0; i < 1_000_000; i++) {
        sent.append(stream.push(i % 2000 == 1999 ? b : a));
        if (i % 2000 == 1999) {
          sent.append(stream.push(b));
        }
      }
      sent.append(stream.flush());

      assertThat(sent).hasSize(1_000_500);
      assertThat(stream.stoppedBy()).isEmpty();
    }
  }

  private static String word(Random random, int longest) {
    StringBuilder word = new StringBuilder();
    for (int i = 1 + random.nextInt(longest); i > 0; i--) {
      word.append((char) ('a' + random.nextInt(3)));
    }
    return word.toString();
  }
}
