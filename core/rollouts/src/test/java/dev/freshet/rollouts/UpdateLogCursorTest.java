package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.rollouts.UpdateLogCursor.Read;
import dev.freshet.trace.TraceId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UpdateLogCursorTest {
  private static final TraceId TRACE = new TraceId("0123456789abcdef");

  @TempDir Path dir;

  private UpdateLog log;
  private UpdateLogCursor cursor;

  @BeforeEach
  void open() {
    log = new BatchStore(dir).updates();
    cursor = log.cursor();
  }

  @AfterEach
  void close() {
    cursor.close();
  }

  @Test
  void everyReadReturnsTheEventsSinceTheReadBeforeIt() {
    log.begin(0);
    assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(0))));
    assertThat(cursor.read()).contains(new Read(false, List.of()));

    log.append(sent(1));
    log.append(UpdateEvent.served(1));

    assertThat(cursor.read()).contains(new Read(false, List.of(sent(1), UpdateEvent.served(1))));
    assertThat(cursor.read()).contains(new Read(false, List.of()));
  }

  @Test
  void onlyBytesAfterThePositionAreRead() throws IOException {
    log.begin(0);
    log.append(sent(1));
    assertThat(cursor.read()).isPresent();
    byte[] bytes = Files.readAllBytes(log.path());
    Arrays.fill(bytes, (byte) '#'); // Reading these bytes again would be an error.
    bytes[bytes.length - 1] = '\n';
    Files.write(log.path(), bytes, StandardOpenOption.WRITE);

    log.append(sent(2));

    assertThat(cursor.read()).contains(new Read(false, List.of(sent(2))));
  }

  @Test
  void aReplacedLogIsReadFromItsBeginningForAnyNumberOfReplacementsAndAnyLength() {
    log.begin(0);
    log.append(sent(1));
    for (int run = 1; run <= 50; run++) {
      assertThat(cursor.read()).isPresent();
      for (int begun = 0; begun <= run % 4; begun++) {
        log.begin(run); // The file system may reuse the inode of an earlier log.
      }
      for (int more = 0; more < run % 3; more++) {
        log.append(sent(run + 1));
      }

      Read read = cursor.read().orElseThrow();

      assertThat(read.fromBeginning()).as("run %d", run).isTrue();
      assertThat(read.events()).startsWith(UpdateEvent.served(run)).hasSize(1 + run % 3);
    }
  }

  @Test
  void aShortenedLogIsReadFromItsBeginning() throws IOException {
    log.begin(0);
    log.append(sent(1));
    assertThat(cursor.read()).isPresent();

    Files.write(log.path(), UpdateEvent.served(7).toJson());

    assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(7))));
  }

  @Test
  void aTornLastLineIsReadOnceItIsWhole() throws IOException {
    byte[] line = sent(1).toJson();
    for (int length = 1; length < line.length; length++) {
      log.begin(0);
      assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(0))));

      append(Arrays.copyOf(line, length));
      assertThat(cursor.read())
          .as("cut to %d of %d bytes", length, line.length)
          .contains(new Read(false, List.of()));

      append(Arrays.copyOfRange(line, length, line.length));
      log.append(UpdateEvent.served(1));
      assertThat(cursor.read()).contains(new Read(false, List.of(sent(1), UpdateEvent.served(1))));
    }
  }

  @Test
  void aLogIsReadFromItsBeginningWhenItAppearsAndAfterItWasDeleted() throws IOException {
    assertThat(cursor.read()).isEmpty();
    log.begin(0);
    assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(0))));
    Files.delete(log.path());
    assertThat(cursor.read()).isEmpty();
    log.begin(0);
    assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(0))));
  }

  @Test
  void aWrongLineIsNamedByItsNumberAtEveryReadUntilTheLogIsReplaced() throws IOException {
    log.begin(0);
    log.append(sent(1));
    assertThat(cursor.read()).isPresent();
    log.append(sent(2));
    append("{}\n".getBytes(StandardCharsets.UTF_8));

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(cursor::read)
          .isInstanceOf(BatchException.class)
          .hasMessageStartingWith(log.path() + ": line 4: field 'version' is missing");
    }
    log.begin(3);
    assertThat(cursor.read()).contains(new Read(true, List.of(UpdateEvent.served(3))));
  }

  @Test
  void aDirectoryInPlaceOfTheLogIsRefused() throws IOException {
    Files.createDirectory(log.path());

    assertThatThrownBy(cursor::read)
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith(log.path() + ": cannot be read: ");
  }

  @Test
  void anInterruptedThreadReads() {
    log.begin(0);
    assertThat(cursor.read()).isPresent();
    log.append(sent(1));
    Thread.currentThread().interrupt();

    assertThat(cursor.read()).contains(new Read(false, List.of(sent(1))));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(cursor.read()).contains(new Read(false, List.of()));
  }

  @Test
  void aCursorSeesEveryEventOfTheLastRunOnceAndInOrderWhileTheWriterWorks() throws Exception {
    log.begin(0);
    try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
      Future<?> writing = writer.submit(this::writeRuns);
      List<UpdateEvent> seen = new ArrayList<>();
      boolean done;
      do {
        done = writing.isDone();
        Read read = cursor.read().orElseThrow();
        if (read.fromBeginning()) {
          seen.clear();
        }
        seen.addAll(read.events());
        for (int i = 1; i < seen.size(); i++) {
          assertThat(seen.get(i).version()).isEqualTo(seen.getFirst().version() + i);
        }
      } while (!done);
      writing.get();
      assertThat(log.read()).contains(seen);
    }
  }

  private void writeRuns() {
    Random random = new Random(11);
    for (int run = 0; run < 60; run++) {
      long first = 1_000L * run;
      log.begin(first);
      int events = random.nextInt(30);
      for (int i = 1; i <= events; i++) {
        log.append(sent(first + i));
      }
    }
  }

  private void append(byte[] bytes) throws IOException {
    Files.write(log.path(), bytes, StandardOpenOption.APPEND);
  }

  private static UpdateEvent sent(long version) {
    return UpdateEvent.sent(version, "http://127.0.0.1:8001", TRACE);
  }
}
