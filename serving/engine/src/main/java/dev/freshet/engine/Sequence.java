package dev.freshet.engine;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** One completion inside the engine. Confined to the engine's thread, except {@link #cancelled}. */
public final class Sequence implements Engine.Generation {
  private final GenerationRequest request;
  private final Outlet outlet;
  private final SplittableRandom random;
  private final int maxTokens;
  private final Consumer<Sequence> onCancel;
  private volatile boolean cancelled;
  private boolean ended;

  /** Tokens whose keys and values are in the cache. */
  private int cached;

  private int[] generated = new int[16];
  private int count;

  /** When the newest token was made, on the engine's clock. */
  private long tokenNanos;

  public Sequence(
      GenerationRequest request,
      Outlet outlet,
      SplittableRandom random,
      int maxTokens,
      Consumer<Sequence> onCancel) {
    this.request = request;
    this.outlet = outlet;
    this.random = random;
    this.maxTokens = maxTokens;
    this.onCancel = onCancel;
  }

  GenerationRequest request() {
    return request;
  }

  Outlet outlet() {
    return outlet;
  }

  SplittableRandom random() {
    return random;
  }

  boolean cancelled() {
    return cancelled;
  }

  /** Records that the event that ends the completion is queued. */
  void ended() {
    ended = true;
  }

  /** Whether its end is queued, or it is cancelled and needs none. */
  boolean isAnswered() {
    return ended || cancelled;
  }

  int promptLength() {
    return request.prompt().length;
  }

  int cached() {
    return cached;
  }

  void cached(int tokens) {
    cached = tokens;
  }

  int lastToken() {
    return generated[count - 1];
  }

  /** The token at a position of prompt and completion. */
  int token(int position) {
    int[] prompt = request.prompt();
    return position < prompt.length ? prompt[position] : generated[position - prompt.length];
  }

  /** Appends a sampled token; returns why the completion ends, if it ends with this token. */
  public Optional<FinishReason> append(int token) {
    if (count == generated.length) {
      generated = Arrays.copyOf(generated, 2 * count);
    }
    generated[count++] = token;
    if (request.stopTokens().contains(token)) {
      return Optional.of(FinishReason.STOP);
    }
    return count == maxTokens ? Optional.of(FinishReason.LENGTH) : Optional.empty();
  }

  /** The number of generated tokens. */
  int generated() {
    return count;
  }

  /** Records when the newest token was made; returns when the token before it was. */
  public long tokenMade(long nanos) {
    long before = tokenNanos;
    tokenNanos = nanos;
    return before;
  }

  @Override
  public void cancel() {
    cancelled = true;
    onCancel.accept(this);
  }
}
