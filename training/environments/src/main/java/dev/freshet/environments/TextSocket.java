package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A WebSocket on which each text that is sent is answered with one text. Every wait has the
 * deadline of the socket. Used by one thread at a time; {@link #close} may be called by another.
 * Failures are {@link ForeignEnvironmentException}s that name the URL; a text that is too long is
 * an {@link UnusableStepException}.
 */
final class TextSocket {
  /** The most characters of a text: a message of an environment may have each of its escaped. */
  private static final int MOST_CHARACTERS = 8 * Conversation.MOST_CHARACTERS;

  /** The most texts that may wait, of which the protocol needs one. */
  private static final int MOST_WAITING = 16;

  private final URI url;
  private final Duration deadline;
  private final BlockingQueue<Received> received = new ArrayBlockingQueue<>(MOST_WAITING);
  private final WebSocket socket;

  /** A text was not answered, or not yet: nothing else is asked. */
  private volatile boolean failed;

  /** What came from the server: a text, or the end of the connection. */
  private record Received(String text, Optional<RuntimeException> end) {}

  /**
   * Connects.
   *
   * @param url a {@code ws} URL
   */
  TextSocket(HttpClient client, URI url, Duration deadline) throws InterruptedException {
    this.url = url;
    this.deadline = deadline;
    CompletableFuture<WebSocket> opening =
        client.newWebSocketBuilder().connectTimeout(deadline).buildAsync(url, new Listener());
    try {
      this.socket = await(opening, "open a session");
    } catch (InterruptedException | ForeignEnvironmentException e) {
      var _ = opening.thenAccept(WebSocket::abort); // It may still open.
      throw e;
    }
  }

  /** Sends a text and returns the answer. Not called after a failure. */
  String ask(String text) throws InterruptedException {
    failed = true;
    String answer = answer(text);
    failed = false;
    return answer;
  }

  private String answer(String text) throws InterruptedException {
    await(socket.sendText(text, true), "take a message");
    Received answer = received.poll(deadline.toMillis(), TimeUnit.MILLISECONDS);
    if (answer == null) {
      throw new ForeignEnvironmentException(
          "%s did not answer within %d s".formatted(url, deadline.toSeconds()));
    }
    if (answer.end().isPresent()) {
      throw answer.end().get();
    }
    return answer.text();
  }

  /** Sends a last text, after which the server ends the connection, and ends it here too. */
  void close(String last) {
    try {
      if (!failed) {
        String _ = ask(last);
      }
    } catch (ForeignEnvironmentException | UnusableStepException e) {
      // The connection has ended, which is all that was wanted.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      socket.abort();
    }
  }

  private <T> T await(CompletableFuture<T> result, String what) throws InterruptedException {
    try {
      return result.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new ForeignEnvironmentException(
          "%s did not %s: %s".formatted(url, what, e.getCause()), e);
    } catch (TimeoutException e) {
      throw new ForeignEnvironmentException(
          "%s did not %s within %d s".formatted(url, what, deadline.toSeconds()), e);
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      text.append(part);
      if (text.length() > MOST_CHARACTERS) {
        from.abort();
        end(
            new UnusableStepException(
                Kind.SIZE,
                "%s: an answer of more than %d characters: expected at most %d in a message"
                    .formatted(url, MOST_CHARACTERS, Conversation.MOST_CHARACTERS)));
        return CompletableFuture.completedStage(null);
      }
      if (last) {
        if (!received.offer(new Received(text.toString(), Optional.empty()))) {
          from.abort();
        }
        text.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      end(
          new ForeignEnvironmentException(
              "%s ended the session: status %d %s".formatted(url, status, reason)));
      return CompletableFuture.completedStage(null);
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      end(new ForeignEnvironmentException("%s: the connection failed: %s".formatted(url, error)));
    }

    private void end(RuntimeException why) {
      boolean _ = received.offer(new Received("", Optional.of(why)));
    }
  }
}
