package dev.freshet.engine;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * One completion inside the engine. Confined to the engine's thread, except {@link #cancelled} and
 * {@link #cachedPrompt()} and {@link #promptLogprobs()}.
 */
public final class Sequence implements Engine.Generation {
  /** The order in which sequences are served: by priority, the lowest first, then by arrival. */
  static final Comparator<Sequence> ORDER =
      Comparator.comparingLong(Sequence::priority).thenComparingLong(Sequence::arrival);

  private final GenerationRequest request;
  private final Optional<ServedAdapter> adapter;
  private final Outlet outlet;
  private final SplittableRandom random;
  private final int maxTokens;
  private final long arrival;
  private final Consumer<Sequence> onCancel;
  private volatile boolean cancelled;
  private boolean ended;

  private final BlockTable table = new BlockTable();

  /** Tokens whose keys and values are in its blocks, or shared from the step that is planned. */
  private int computed;

  /** The same after the last step that was taken. */
  private int settled;

  /** The most tokens that its blocks ever held after a step. */
  private int furthest;

  /** Prompt tokens that were taken from the index. */
  private int sharedPrompt;

  /** The same after the last step that was taken. */
  private volatile int cachedPrompt;

  /** Those of the prompt's tokens after the first, as far as they are computed. */
  private final PromptLogprob[] promptTokens;

  private volatile List<PromptLogprob> promptLogprobs = List.of();

  private boolean admitted;
  private boolean alone;

  private int[] generated = new int[16];
  private int count;

  /** Which tokens may be next. */
  private Optional<TokenConstraint> constraint;

  /** When the newest token was made, on the engine's clock. */
  private long tokenNanos;

  /**
   * @param adapter the adapter that the request names
   * @param arrival its place in the order in which completions arrived; larger is later
   */
  public Sequence(
      GenerationRequest request,
      Optional<ServedAdapter> adapter,
      Outlet outlet,
      SplittableRandom random,
      int maxTokens,
      long arrival,
      Consumer<Sequence> onCancel) {
    this.request = request;
    this.constraint = request.constraint();
    this.adapter = adapter;
    this.outlet = outlet;
    this.random = random;
    this.maxTokens = maxTokens;
    this.arrival = arrival;
    this.onCancel = onCancel;
    this.promptTokens =
        new PromptLogprob[request.promptLogprobs().isPresent() ? request.prompt().length - 1 : 0];
  }

  GenerationRequest request() {
    return request;
  }

  Optional<ServedAdapter> adapter() {
    return adapter;
  }

  /** The id of its adapter; 0 for the base model. */
  long adapterId() {
    return adapter.map(ServedAdapter::id).orElse(0L);
  }

  /** With which other sequences it may share KV blocks. */
  PrefixKey prefixKey() {
    return new PrefixKey(request.cacheSalt(), adapterId());
  }

  /**
   * The policy version of a token that is made now.
   *
   * @param serving the version of the base model
   */
  long version(long serving) {
    return adapter.map(ServedAdapter::version).orElseGet(OptionalLong::empty).orElse(serving);
  }

  Outlet outlet() {
    return outlet;
  }

  SplittableRandom random() {
    return random;
  }

  /** Its place in the order in which completions arrived; larger is later. */
  long arrival() {
    return arrival;
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

  /** All known tokens, of prompt and completion. */
  int length() {
    return promptLength() + count;
  }

  long priority() {
    return request.priority();
  }

  BlockTable table() {
    return table;
  }

  /** Tokens whose keys and values are in its blocks. */
  int computed() {
    return computed;
  }

  /** Records that its blocks hold {@code tokens} tokens, from the index. */
  void shared(int tokens) {
    if (count == 0) {
      sharedPrompt += Math.max(0, tokens - Math.max(computed, furthest));
    }
    computed = tokens;
  }

  /** Records that a step has computed its tokens up to {@code tokens}. */
  void settled(int tokens) {
    computed = tokens;
    settled = tokens;
    furthest = Math.max(furthest, tokens);
    cachedPrompt = sharedPrompt;
  }

  /** Records that what its blocks hold since the last step that was taken is not valid. */
  void unsettled() {
    computed = settled;
    sharedPrompt = cachedPrompt;
  }

  /** The most tokens that its blocks ever held; those below are rebuilt when computed again. */
  int furthest() {
    return furthest;
  }

  @Override
  public int cachedPrompt() {
    return cachedPrompt;
  }

  /** Whether a step that computes tokens of the prompt must report their logprobs. */
  boolean reportsPrompt() {
    return count == 0 && request.promptLogprobs().isPresent();
  }

  /** Records the logprob of the token at a position of the prompt, at least 1. */
  void promptLogprob(int position, PromptLogprob computed) {
    promptTokens[position - 1] = computed;
  }

  @Override
  public List<PromptLogprob> promptLogprobs() {
    return promptLogprobs;
  }

  /** Whether it is computed up to its newest token, so that a step of one token makes the next. */
  boolean isDecoding() {
    return count > 0 && computed == length() - 1;
  }

  /** Whether it holds a place and blocks; else it waits for both. */
  boolean isAdmitted() {
    return admitted;
  }

  void admitted() {
    admitted = true;
  }

  /** Records that it holds no blocks and no place any more. */
  void withdrawn() {
    admitted = false;
    computed = 0;
    settled = 0;
    sharedPrompt = cachedPrompt;
  }

  /** Whether its next step must be one without other sequences. */
  boolean isAlone() {
    return alone;
  }

  void alone(boolean next) {
    alone = next;
  }

  /** The token at a position of prompt and completion. */
  int token(int position) {
    int[] prompt = request.prompt();
    return position < prompt.length ? prompt[position] : generated[position - prompt.length];
  }

  /** A copy of the tokens from a position to another, of prompt and completion. */
  int[] tokens(int from, int to) {
    int[] tokens = new int[to - from];
    int[] prompt = request.prompt();
    int ofPrompt = Math.max(0, Math.min(to, prompt.length) - from);
    if (ofPrompt > 0) {
      System.arraycopy(prompt, from, tokens, 0, ofPrompt);
    }
    int rest = tokens.length - ofPrompt;
    if (rest > 0) {
      System.arraycopy(generated, to - rest - prompt.length, tokens, ofPrompt, rest);
    }
    return tokens;
  }

  /** Appends a sampled token; returns why the completion ends, if it ends with this token. */
  public Optional<FinishReason> append(int token) {
    if (count == generated.length) {
      generated = Arrays.copyOf(generated, 2 * count);
    }
    if (count == 0) {
      promptLogprobs = Collections.unmodifiableList(Arrays.asList(promptTokens));
    }
    generated[count++] = token;
    constraint = constraint.map(before -> before.after(token));
    if (request.stopTokens().contains(token)) {
      return Optional.of(FinishReason.STOP);
    }
    Optional<FinishReason> constrained = constraint.flatMap(Sequence::endOf);
    return constrained.isEmpty() && count == maxTokens
        ? Optional.of(FinishReason.LENGTH)
        : constrained;
  }

  /** How a completion ends that may have no further token. */
  private static Optional<FinishReason> endOf(TokenConstraint constraint) {
    for (long word : constraint.allowed()) {
      if (word != 0) {
        return Optional.empty();
      }
    }
    return Optional.of(constraint.isComplete() ? FinishReason.STOP : FinishReason.ERROR);
  }

  /** Which tokens may be next; empty for all. */
  Optional<TokenConstraint> constraint() {
    return constraint;
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
