package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.engine.TokenEvent.TopLogprob;
import dev.freshet.server.session.SampledTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * All tokens of one choice of a session's call, its text, and how it ended. Confined to the event
 * loop of the call.
 */
final class CapturedChoice {
  private static final long ALTERNATIVE_BYTES = 32;

  private final StopText text;
  private final StringBuilder answer = new StringBuilder();

  private int size;
  private int[] ids = new int[16];
  private float[] logprobs = new float[16];
  private long[] versions = new long[16];

  /** The alternatives of each token; empty if none is requested. */
  private final List<List<TopLogprob>> tops = new ArrayList<>(0);

  /** The reason that the engine gave, with the last token or after it. */
  private Optional<FinishReason> engineFinish = Optional.empty();

  private boolean finishedWithToken;

  /**
   * @param text decodes the choice and finds its stop strings
   */
  CapturedChoice(StopText text) {
    this.text = text;
  }

  /** Takes an event of the engine. */
  void take(TokenEvent event) {
    if (isFinished()) {
      return;
    }
    if (event.token() >= 0) {
      append(event);
    }
    answer.append(text.take(event));
    engineFinish = event.finish();
    finishedWithToken = event.token() >= 0;
  }

  private void append(TokenEvent event) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
      logprobs = Arrays.copyOf(logprobs, 2 * size);
      versions = Arrays.copyOf(versions, 2 * size);
    }
    ids[size] = event.token();
    logprobs[size] = event.logprob();
    versions[size] = event.policyVersion();
    if (!event.top().isEmpty() || !tops.isEmpty()) {
      tops.add(event.top());
    }
    size++;
  }

  /** Ends it with an error. */
  void fail() {
    engineFinish = Optional.of(FinishReason.ERROR);
    finishedWithToken = false;
  }

  boolean isFinished() {
    return engineFinish.isPresent() || isStoppedByText();
  }

  /** Whether a stop string ended it, of which the engine does not know. */
  boolean isStoppedByText() {
    return text.stoppedBy().isPresent();
  }

  /** Why it ended. */
  FinishReason finish() {
    boolean failed = engineFinish.filter(reason -> reason == FinishReason.ERROR).isPresent();
    return isStoppedByText() && !failed ? FinishReason.STOP : engineFinish.orElseThrow();
  }

  /** The text of the answer. */
  String answer() {
    return answer.toString();
  }

  /** What was sampled, once it has ended; shares the arrays with the choice. */
  SampledTokens sampled() {
    ids = Arrays.copyOf(ids, size);
    logprobs = Arrays.copyOf(logprobs, size);
    versions = Arrays.copyOf(versions, size);
    return new SampledTokens(ids, logprobs, versions);
  }

  /** About the bytes of its alternatives, which it keeps for further answers. */
  long alternativeBytes() {
    return ALTERNATIVE_BYTES * tops.stream().mapToLong(List::size).sum();
  }

  /** Everything that the engine told of it so far, as the events of {@code generation}. */
  List<TokenEvent> events(Engine.Generation generation) {
    List<TokenEvent> events = new ArrayList<>(size + 1);
    for (int i = 0; i < size; i++) {
      boolean last = i == size - 1 && finishedWithToken;
      events.add(
          new TokenEvent(
              generation,
              ids[i],
              logprobs[i],
              versions[i],
              tops.isEmpty() ? List.of() : tops.get(i),
              last ? engineFinish : Optional.empty()));
    }
    if (engineFinish.isPresent() && !finishedWithToken) {
      events.add(new TokenEvent(generation, -1, 0, 0, List.of(), engineFinish));
    }
    return events;
  }
}
