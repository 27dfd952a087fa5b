package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * One {@code run} of an environment server of verifiers: what the server has sent so far, at most
 * {@value #MOST_BYTES} bytes. Each frame is stamped with the policy version at its arrival. The
 * connection's thread adds to it; the episode's owner reads it once it has ended.
 */
final class VerifiersRun implements SelfDrivenEpisode {
  /** The most bytes of an episode; a token takes some 20. */
  static final int MOST_BYTES = 8 << 20;

  /**
   * What came from the server.
   *
   * @param version the policy version at its arrival
   */
  record Frame(byte[] content, long version) {}

  private final VerifiersConnection connection;
  private final byte[] request;
  private final LongSupplier policyVersion;
  private final long firstVersion;
  private final String id = UUID.randomUUID().toString().replace("-", "");
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final List<Frame> deltas = new ArrayList<>();
  private Optional<byte[]> reply = Optional.empty();
  private Optional<RuntimeException> failure = Optional.empty();
  private long bytes;

  /**
   * @param request the body of the request
   */
  VerifiersRun(VerifiersConnection connection, byte[] request, LongSupplier policyVersion) {
    this.connection = connection;
    this.request = request;
    this.policyVersion = policyVersion;
    this.firstVersion = policyVersion.getAsLong();
  }

  /** Its id on the wire. */
  String id() {
    return id;
  }

  byte[] request() {
    return request;
  }

  /** Takes a part of the episode; false if it has become too large. */
  synchronized boolean delta(byte[] content) {
    bytes += content.length;
    if (bytes > MOST_BYTES) {
      deltas.clear();
      fail(
          new UnusableStepException(
              Kind.SIZE,
              "%s: an episode of more than %d bytes, expected at most %d"
                  .formatted(connection, bytes - 1, MOST_BYTES)));
      return false;
    }
    if (!ended.isDone()) {
      deltas.add(new Frame(content, policyVersion.getAsLong()));
    }
    return true;
  }

  /** The server has ended the episode. */
  synchronized void replied(byte[] content) {
    if (!ended.isDone()) {
      reply = Optional.of(content);
      ended.complete(null);
    }
  }

  /** The server will not end the episode. */
  synchronized void fail(RuntimeException why) {
    if (!ended.isDone()) {
      failure = Optional.of(why);
      ended.complete(null);
    }
  }

  @Override
  public CompletionStage<Void> ended() {
    return ended;
  }

  @Override
  public PlayedEpisode result() {
    List<Frame> frames;
    byte[] last;
    synchronized (this) {
      failure.ifPresent(
          why -> {
            throw why;
          });
      frames = List.copyOf(deltas);
      last = reply.orElseThrow(() -> new IllegalStateException("the episode has not ended"));
    }
    return VerifiersEpisode.read(connection.toString(), frames, last, firstVersion);
  }

  @Override
  public void close() {
    connection.end(this);
  }
}
