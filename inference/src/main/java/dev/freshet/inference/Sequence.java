package dev.freshet.inference;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/** One completion inside the engine. All but {@link #cancelled} belongs to the engine's thread. */
final class Sequence implements Engine.Generation {
  private final GenerationRequest request;
  private final Outlet outlet;
  private final SplittableRandom random;
  private final int maxTokens;
  private final Consumer<Sequence> onCancel;
  private volatile boolean cancelled;

  /** Tokens whose keys and values are in the cache. */
  private int cached;

  private int generated;
  private int lastToken;

  Sequence(
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

  int cached() {
    return cached;
  }

  void cached(int tokens) {
    cached = tokens;
  }

  int lastToken() {
    return lastToken;
  }

  /** Appends a drawn token; whether it was the last one, and why. */
  java.util.Optional<FinishReason> append(int token) {
    lastToken = token;
    generated++;
    if (request.stopTokens().contains(token)) {
      return java.util.Optional.of(FinishReason.STOP);
    }
    return generated == maxTokens
        ? java.util.Optional.of(FinishReason.LENGTH)
        : java.util.Optional.empty();
  }

  @Override
  public void cancel() {
    cancelled = true;
    onCancel.accept(this);
  }
}
