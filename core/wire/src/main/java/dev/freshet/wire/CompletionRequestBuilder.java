package dev.freshet.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Collects the fields of a {@link CompletionRequest}; unset fields have their defaults. */
public final class CompletionRequestBuilder {
  private Optional<Prompt> prompt = Optional.empty();
  private Optional<String> model = Optional.empty();
  private int n = 1;
  private int maxTokens = 16;
  private double temperature = 1;
  private double topP = 1;
  private int topK;
  private double minP;
  private OptionalLong seed = OptionalLong.empty();
  private List<String> stop = List.of();
  private List<Integer> stopTokenIds = List.of();
  private boolean ignoreEos;
  private int minTokens;
  private Map<Integer, Double> logitBias = Map.of();
  private double repetitionPenalty = 1;
  private double frequencyPenalty;
  private double presencePenalty;
  private Optional<StructuredOutput> output = Optional.empty();
  private boolean stream;
  private boolean includeUsage;
  private boolean continuousUsage;
  private TextOptions text = TextOptions.DEFAULT;
  private OptionalInt logprobs = OptionalInt.empty();
  private OptionalInt promptLogprobs = OptionalInt.empty();
  private LogprobsMode logprobsMode = LogprobsMode.RAW_LOGPROBS;
  private boolean returnTokenIds;
  private long priority;
  private Optional<String> cacheSalt = Optional.empty();
  private Optional<String> requestId = Optional.empty();

  CompletionRequestBuilder() {}

  /** A builder that starts from {@code request}. */
  static CompletionRequestBuilder of(CompletionRequest request) {
    CompletionRequestBuilder copy = new CompletionRequestBuilder().prompt(request.prompt());
    copy.model = request.model();
    copy.n = request.n();
    copy.maxTokens = request.maxTokens();
    copy.temperature = request.temperature();
    copy.topP = request.topP();
    copy.topK = request.topK();
    copy.minP = request.minP();
    copy.seed = request.seed();
    copy.stop = request.stop();
    copy.stopTokenIds = request.stopTokenIds();
    copy.ignoreEos = request.ignoreEos();
    copy.minTokens = request.rules().minTokens();
    copy.logitBias = request.rules().bias();
    copy.repetitionPenalty = request.rules().repetitionPenalty();
    copy.frequencyPenalty = request.rules().frequencyPenalty();
    copy.presencePenalty = request.rules().presencePenalty();
    copy.output = request.output();
    copy.stream = request.stream();
    copy.includeUsage = request.includeUsage();
    copy.continuousUsage = request.continuousUsage();
    copy.text = request.text();
    copy.logprobs = request.logprobs();
    copy.promptLogprobs = request.promptLogprobs();
    copy.logprobsMode = request.logprobsMode();
    copy.returnTokenIds = request.returnTokenIds();
    copy.priority = request.priority();
    copy.cacheSalt = request.cacheSalt();
    copy.requestId = request.requestId();
    return copy;
  }

  CompletionRequestBuilder prompt(Prompt continued) {
    prompt = Optional.of(continued);
    return this;
  }

  public CompletionRequestBuilder model(String name) {
    model = Optional.of(name);
    return this;
  }

  public CompletionRequestBuilder n(int choices) {
    n = choices;
    return this;
  }

  public CompletionRequestBuilder maxTokens(int most) {
    maxTokens = most;
    return this;
  }

  public CompletionRequestBuilder temperature(double divisor) {
    temperature = divisor;
    return this;
  }

  public CompletionRequestBuilder topP(double mass) {
    topP = mass;
    return this;
  }

  public CompletionRequestBuilder topK(int most) {
    topK = most;
    return this;
  }

  public CompletionRequestBuilder minP(double share) {
    minP = share;
    return this;
  }

  public CompletionRequestBuilder seed(long value) {
    seed = OptionalLong.of(value);
    return this;
  }

  public CompletionRequestBuilder stop(List<String> strings) {
    stop = strings;
    return this;
  }

  public CompletionRequestBuilder stopTokenIds(List<Integer> ids) {
    stopTokenIds = ids;
    return this;
  }

  public CompletionRequestBuilder ignoreEos(boolean ignore) {
    ignoreEos = ignore;
    return this;
  }

  public CompletionRequestBuilder minTokens(int least) {
    minTokens = least;
    return this;
  }

  public CompletionRequestBuilder logitBias(Map<Integer, Double> byTokenId) {
    logitBias = byTokenId;
    return this;
  }

  public CompletionRequestBuilder repetitionPenalty(double factor) {
    repetitionPenalty = factor;
    return this;
  }

  public CompletionRequestBuilder frequencyPenalty(double perToken) {
    frequencyPenalty = perToken;
    return this;
  }

  public CompletionRequestBuilder presencePenalty(double once) {
    presencePenalty = once;
    return this;
  }

  /**
   * Which texts the completion may be.
   *
   * @throws WireException if that is given already
   */
  public CompletionRequestBuilder output(StructuredOutput texts) {
    if (output.isPresent()) {
      throw new WireException(
          "%s: expected none beside %s".formatted(texts.field(), output.get().field()));
    }
    output = Optional.of(texts);
    return this;
  }

  Optional<StructuredOutput> output() {
    return output;
  }

  public CompletionRequestBuilder stream(boolean asEvents) {
    stream = asEvents;
    return this;
  }

  /** The caller's id of the request. */
  public CompletionRequestBuilder requestId(String id) {
    requestId = Optional.of(id);
    return this;
  }

  public CompletionRequestBuilder includeUsage(boolean include) {
    includeUsage = include;
    return this;
  }

  public CompletionRequestBuilder continuousUsage(boolean include) {
    continuousUsage = include;
    return this;
  }

  public CompletionRequestBuilder text(TextOptions options) {
    text = options;
    return this;
  }

  TextOptions text() {
    return text;
  }

  public CompletionRequestBuilder logprobs(int alternatives) {
    logprobs = OptionalInt.of(alternatives);
    return this;
  }

  public CompletionRequestBuilder promptLogprobs(int alternatives) {
    promptLogprobs = OptionalInt.of(alternatives);
    return this;
  }

  public CompletionRequestBuilder logprobsMode(LogprobsMode mode) {
    logprobsMode = mode;
    return this;
  }

  public CompletionRequestBuilder returnTokenIds(boolean include) {
    returnTokenIds = include;
    return this;
  }

  public CompletionRequestBuilder priority(long lowerIsEarlier) {
    priority = lowerIsEarlier;
    return this;
  }

  public CompletionRequestBuilder cacheSalt(String salt) {
    cacheSalt = Optional.of(salt);
    return this;
  }

  /**
   * The request.
   *
   * @throws WireException naming the first field that is out of range
   */
  public CompletionRequest build() {
    return new CompletionRequest(
        model,
        prompt.orElseThrow(
            () ->
                new WireException("prompt: expected a string or a list of token ids, got nothing")),
        n,
        maxTokens,
        temperature,
        topP,
        topK,
        minP,
        seed,
        stop,
        stopTokenIds,
        ignoreEos,
        new LogitRules(minTokens, logitBias, repetitionPenalty, frequencyPenalty, presencePenalty),
        output,
        stream,
        includeUsage,
        continuousUsage,
        text,
        logprobs,
        promptLogprobs,
        logprobsMode,
        returnTokenIds,
        priority,
        cacheSalt,
        requestId);
  }
}
