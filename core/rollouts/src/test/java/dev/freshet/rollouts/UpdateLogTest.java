package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.trace.TraceId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class UpdateLogTest {
  private static final String SERVER = "http://127.0.0.1:8001";
  private static final TraceId TRACE = new TraceId("0123456789abcdef");

  @TempDir Path run;

  private Path dir;
  private UpdateLog log;

  @BeforeEach
  void openLog() {
    dir = run.resolve("deep/rollouts");
    log = new BatchStore(dir).updates();
  }

  @Test
  void eventsAreReadInTheirOrder() throws IOException {
    UpdateEvent sent = UpdateEvent.sent(1, SERVER, TRACE);
    UpdateEvent failed = UpdateEvent.failed(1, SERVER, TRACE);

    log.begin(0);
    log.append(sent);
    log.append(failed);
    log.append(UpdateEvent.served(1));

    assertThat(log.read())
        .contains(List.of(UpdateEvent.served(0), sent, failed, UpdateEvent.served(1)));
    assertThat(log.path()).isEqualTo(dir.resolve("updates.jsonl"));
    assertThat(log.path())
        .content()
        .isEqualTo(
            """
            {"version":0,"event":"served"}
            {"version":1,"event":"sent","server":"http://127.0.0.1:8001","trace":"0123456789abcdef"}
            {"version":1,"event":"failed","server":"http://127.0.0.1:8001","trace":"0123456789abcdef"}
            {"version":1,"event":"served"}
            """);
  }

  @Test
  void aResumedLogKeepsItsEventsWithoutATornLastOne() throws IOException {
    log.resume(0);
    log.append(UpdateEvent.sent(1, SERVER, TRACE));
    Files.writeString(log.path(), "{\"version\":1,\"ev", StandardOpenOption.APPEND);

    log.resume(0);
    log.append(UpdateEvent.served(1));

    assertThat(log.read())
        .contains(
            List.of(
                UpdateEvent.served(0),
                UpdateEvent.sent(1, SERVER, TRACE),
                UpdateEvent.served(0),
                UpdateEvent.served(1)));
  }

  @Test
  void beginReplacesTheLogOfAnEarlierRun() throws IOException {
    log.begin(0);
    log.append(UpdateEvent.sent(7, SERVER, TRACE));

    log.begin(3);

    assertThat(log.read()).contains(List.of(UpdateEvent.served(3)));
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).containsExactly(log.path());
    }
  }

  @Test
  void withoutAFileThereIsNoLog() {
    assertThat(log.read()).isEmpty();
  }

  @Test
  void anEventCannotBeAppendedBeforeTheLogWasBegun() {
    assertThatThrownBy(() -> log.append(UpdateEvent.served(1)))
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith(log.path() + ": cannot be written: NoSuchFile ");
  }

  @Test
  void anInterruptedThreadAppendsAWholeLine() {
    log.begin(0);
    Thread.currentThread().interrupt();
    log.append(UpdateEvent.served(1));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(log.read()).contains(List.of(UpdateEvent.served(0), UpdateEvent.served(1)));
  }

  @Test
  void aTornLastLineIsIgnoredAtAnyLength() throws IOException {
    log.begin(0);
    byte[] line = UpdateEvent.sent(1, SERVER, TRACE).toJson();
    byte[] before = Files.readAllBytes(log.path());
    for (int length = 0; length < line.length; length++) {
      Files.write(log.path(), before);
      Files.write(log.path(), Arrays.copyOf(line, length), StandardOpenOption.APPEND);

      assertThat(log.read())
          .as("cut to %d of %d bytes", length, line.length)
          .contains(List.of(UpdateEvent.served(0)));
    }
  }

  @Test
  void aReaderSeesWholeEventsInTheirOrderWhileTheWriterAppends() throws Exception {
    log.begin(0);
    try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
      Future<?> writing =
          writer.submit(
              () -> {
                for (int version = 1; version <= 500; version++) {
                  log.append(UpdateEvent.sent(version, SERVER, TRACE));
                }
              });
      UpdateLog reader = new BatchStore(dir).updates();
      List<UpdateEvent> seen;
      do {
        seen = reader.read().orElseThrow();
        for (int i = 0; i < seen.size(); i++) {
          assertThat(seen.get(i).version()).isEqualTo(i);
        }
      } while (!writing.isDone());
      writing.get();
      assertThat(reader.read().map(List::size)).contains(501);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'version':1,'event':'sent'          | not valid JSON",
        "{'version':1,'event':'sent'} {}      | not valid JSON",
        "{'version':1,'version':2,'event':'sent'} | not valid JSON",
        "``                                   | not a JSON object, expected one event",
        "[1]                                  | not a JSON object, expected one event",
        "{'event':'sent'}                     | field 'version' is missing, expected an integer from 0",
        "{'version':-1,'event':'sent'}        | field 'version' holds -1, expected an integer from 0",
        "{'version':1.5,'event':'sent'}       | field 'version' holds 1.5, expected an integer from 0",
        "{'version':99999999999999999999,'event':'sent'} | field 'version' holds 99999999999999999999",
        "{'version':1}                        | field 'event' is missing, expected sent, served or failed",
        "{'version':1,'event':'SENT'}         | field 'event' holds \"SENT\", expected sent, served or failed",
        "{'version':1,'event':'sent','server':7}    | field 'server' holds 7, expected a string",
        "{'version':1,'event':'sent','trace':'xyz'} | field 'trace' holds \"xyz\", expected a trace id",
      })
  void aWrongLineIsNamedWithItsFieldInOneLine(String line, String expected) throws IOException {
    log.begin(0);
    Files.writeString(log.path(), line.replace('\'', '"') + "\n", StandardOpenOption.APPEND);

    assertThatThrownBy(log::read)
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith(log.path() + ": line 2: ")
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }

  @Test
  void unknownFieldsAndMissingOptionalOnesAreAccepted() throws IOException {
    Files.createDirectories(dir);
    Files.writeString(log.path(), "{\"version\":4,\"event\":\"sent\",\"later\":{\"a\":[1]}}\n");

    assertThat(log.read())
        .contains(
            List.of(new UpdateEvent(4, UpdateEvent.Kind.SENT, Optional.empty(), Optional.empty())));
  }
}
