package dev.freshet.analysis.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TagScannerTest {
  private static final String LOG =
      """
      2026-01-02T03:04:05.678Z INFO  orchestrator [weights][1faa72efe88c02ce] client.send url=http://127.0.0.1:45545/update_weights path=/w/step_1 t=381.661285
      2026-01-02T03:04:05.679Z INFO  inference [weights][1faa72efe88c02ce] server.recv path=/update_weights t=381.668299
      plain line [with] brackets [gen] but no event [ckpt] write.done step=4 write_ms=12.5 x=y
      [weights][1faa72efe88c02ce] rpc.start op=update_weights t=381.672419 phase=all
      [weights][1faa72efe88c02ce] rpc.done op=update_weights t=381.691658 rpc_ms=19.2 error=busy
      [weights][1faa72efe88c02ce] client.done wall_ms=35.2 rpc_ms=19.2 queue_ms=16.0 op=update_weights url=http://h/u connect_ms=2.1 handler_ms=4.1 transfer_ms=9.7
      [ckpt] wait.start target_step=1
      [ckpt] wait.done target_step=1 wait_ms=374.4\r
      INFO [gen] batch.start inflight=90 target_batch=128
      INFO [gen] batch.done completions=128 dur_ms=138.3 inflight=0
      INFO [rollout] trunc_pct=8.6 current_step=1 ckpt_step=0 staleness=1
      INFO [fleet] begin version=0 servers=2
      INFO [fleet] replica.state server=http://a:1 state=paused version=-1 incarnation=1 paused=yes
      INFO [fleet][1faa72efe88c02ce] replica.done wall_ms=9.5 server=http://a:1 kind=vllm-lora version=1 target=1 outcome=moved queue_ms=0.1 prepare_ms=3.5 ask_ms=0.4
      INFO [fleet] update.done version=1 outcome=committed servers=2 wall_ms=9.9 slowest=http://a:1 phase=prepare phase_ms=3.5
      INFO [fleet] update.interrupted version=2 decision=undo
      INFO [fleet] replica.left server=http://a:1
      """;

  private static List<String> scan(byte[] log, int piece) throws IOException {
    List<String> found = new ArrayList<>();
    TagScanner scanner = new TagScanner((event, _, line) -> found.add(line + " " + event));
    ByteArrayInputStream in = new ByteArrayInputStream(log);
    scanner.drain((into, offset, length) -> in.read(into, offset, Math.min(length, piece)));
    scanner.finish();
    return found;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void everyEventOfTheFormatIsFound() throws IOException {
    List<String> found = scan(bytes(LOG), Integer.MAX_VALUE);

    assertThat(found).hasSize(17).isEqualTo(ReferenceParser.parse(bytes(LOG)));
    assertThat(found.get(2)).startsWith("3 CheckpointWritten[step=4.0, writeMs=12.5");
  }

  @Test
  void whereTheInputIsSplitMakesNoDifference() throws IOException {
    List<String> whole = scan(bytes(LOG), Integer.MAX_VALUE);
    for (int piece = 1; piece < 200; piece++) {
      assertThat(scan(bytes(LOG), piece)).isEqualTo(whole);
    }
  }

  @Test
  void longLinesAreReadAsTheReferenceReadsThem() throws IOException {
    for (int length : new int[] {100, 70_000, 262_000, 262_144, 300_000, 900_000}) {
      String log =
          LOG
              + "x".repeat(length)
              + " [ckpt] write.done step=1 write_ms=2.5 "
              + "y".repeat(length)
              + " [ckpt] write.done step=2 write_ms=3.5\n"
              + LOG
              + "[gen] batch.start inflight=7 "
              + "z".repeat(length)
              + "\n"
              + LOG
              + "w".repeat(length);
      assertThat(scan(bytes(log), 1 << 20)).isEqualTo(ReferenceParser.parse(bytes(log)));
      assertThat(scan(bytes(log), 4096)).isEqualTo(ReferenceParser.parse(bytes(log)));
    }
  }

  @Test
  void mutatedBytesAreReadAsTheReferenceReadsThem() throws IOException {
    Random random = new Random(42);
    for (int round = 0; round < 3000; round++) {
      byte[] log = mutated(random);
      assertThat(scan(log, 1 + random.nextInt(2000)))
          .as("round %d: %s", round, new String(log, StandardCharsets.ISO_8859_1))
          .isEqualTo(ReferenceParser.parse(log));
    }
  }

  /** The log with pieces changed, cut out, doubled and moved, and figures replaced. */
  private static byte[] mutated(Random random) {
    byte[] log = bytes(LOG);
    String[] pieces = {
      "[weights][",
      "[gen] ",
      "[ckpt] ",
      "[rollout] ",
      "[fleet] ",
      "[fleet][",
      "\n",
      "\r\n",
      "\0",
      " ",
      "=",
      ".",
      "-1",
      "NaN",
      "1e300",
      "e5",
      "=-",
      "]",
      "[",
      "] ",
      "wall_ms=",
      " t=",
      "99999999999999999999",
      "\u00ff"
    };
    for (int change = random.nextInt(12); change >= 0; change--) {
      int at = random.nextInt(log.length);
      int to = Math.min(log.length, at + random.nextInt(random.nextInt(10) == 0 ? 400 : 8));
      byte[] middle =
          switch (random.nextInt(5)) {
            case 0 -> new byte[] {(byte) (random.nextInt(224) + 32)};
            case 1 -> new byte[0];
            case 2 -> Arrays.copyOfRange(log, at, Math.min(log.length, at + random.nextInt(300)));
            case 3 -> bytes(pieces[random.nextInt(pieces.length)]);
            default -> bytes(pieces[random.nextInt(pieces.length)] + random.nextInt(1000) + ".5 ");
          };
      byte[] next = new byte[at + middle.length + log.length - to];
      System.arraycopy(log, 0, next, 0, at);
      System.arraycopy(middle, 0, next, at, middle.length);
      System.arraycopy(log, to, next, at + middle.length, log.length - to);
      log = next.length == 0 ? bytes(LOG) : next;
    }
    return log;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          2026-01-02T03:04:05.678Z INFO            | 1767323045678 | true
          2026-01-02T03:04:05.678+02:00 INFO       | 1767315845678 | true
          2026-01-02T03:04:05-0530 INFO            | 1767342845000 | true
          2026-01-02 03:04:05,678 INFO             | 1767323045678 | false
          [2026/01/02 03:04:05] INFO               | 1767323045000 | false
          INFO 01-02 03:04:05 [engine.py:12]       | 97445000      | false
          (pid=77) 03:04:05.5 INFO                 | 11045500      | false
          1767323045.678 INFO                      | 1767323045678 | true
          2024-02-29T23:59:59.999999999Z           | 1709251199999.999999 | true
          """)
  void theTimeInFrontOfATagIsRead(String prefix, double millis, boolean zoned) {
    Stamp stamp = StampParser.parse(prefix, 0, prefix.length());

    assertThat(stamp.millis()).isEqualTo(millis);
    assertThat(stamp.zoned()).isEqualTo(zoned);
  }

  @ParameterizedTest
  @CsvSource({"'INFO step 12'", "''", "99:99:99", "12-", "2026-", "1234567890."})
  void otherPrefixesHaveNoTime(String prefix) {
    Stamp stamp = StampParser.parse(prefix, 0, prefix.length());

    assertThat(stamp.known()).isEqualTo(prefix.equals("1234567890."));
  }
}
