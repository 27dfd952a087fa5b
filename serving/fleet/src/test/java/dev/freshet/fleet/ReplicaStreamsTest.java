package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Versions of tokens whose server does not report them. */
class ReplicaStreamsTest {
  private final ReplicaStreams streams = new ReplicaStreams();

  @Test
  void tokensThatArriveAfterThePauseAreOfTheNewVersion() {
    Stream stream = new Stream();
    streams.begin(7);
    streams.started(stream);
    stream.tokens = 3;
    streams.change(8);
    stream.tokens = 5;
    streams.change(9);

    assertThat(streams.ended(stream, 6)).containsExactly(7, 7, 7, 8, 8, 9);
  }

  @Test
  void aStreamOfAnAdapterKeepsTheVersionThatItBeganWith() {
    Stream stream = new Stream();
    streams.begin(7);
    streams.started(stream);
    stream.tokens = 1;
    streams.begin(8);
    Stream next = new Stream();
    streams.started(next);

    assertThat(streams.ended(stream, 2)).containsExactly(7, 7);
    assertThat(streams.ended(next, 1)).containsExactly(8);
  }

  @Test
  void aReplicaThatReturnsStreamsAgainAfterItsStreamsWereCancelled() {
    Stream first = new Stream();
    streams.started(first);
    streams.cancel();
    Stream second = new Stream();
    streams.started(second);

    assertThat(first.cancelled).isTrue();
    assertThat(second.cancelled).isFalse();
  }

  private static final class Stream implements Call {
    private int tokens;
    private boolean cancelled;

    @Override
    public CompletableFuture<Completion> result() {
      return new CompletableFuture<>();
    }

    @Override
    public int tokens() {
      return tokens;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }
}
