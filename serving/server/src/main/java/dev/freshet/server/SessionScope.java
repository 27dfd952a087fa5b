package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.server.session.CanonicalText;
import dev.freshet.server.session.SampledTokens;
import dev.freshet.server.session.Session;
import dev.freshet.server.session.SessionName;
import dev.freshet.server.session.Turn;
import dev.freshet.server.session.TurnCall;
import dev.freshet.server.session.TurnPrompt;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectMapper;

/**
 * One request of a session. A call is identified by its route and its body without the fields that
 * only concern its delivery; a call that the session has is not sampled again.
 */
final class SessionScope implements CallScope {
  /** The header of an answer from the capture. */
  static final String REPLAYED = "x-freshet-replayed";

  private static final Set<String> OF_DELIVERY = Set.of("stream", "stream_options", "request_id");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, @Nullable Object>> OBJECT =
      new TypeReference<>() {};

  private final Engine engine;
  private final Tokenizer tokenizer;
  private final ChatPrompts chatPrompts;
  private final Sessions sessions;
  private final SessionName name;
  private final String route;
  private final Request http;
  private final Exchange exchange;
  private Optional<LiveSession> used = Optional.empty();

  /** What the session knows of the prompts, by their arrays of tokens. */
  private final IdentityHashMap<int[], TurnPrompt> prompts = new IdentityHashMap<>();

  /** The tokens of the prompts that are texts, by the digests of the texts. */
  private final Map<String, int[]> digests = new HashMap<>();

  private Optional<String> identity = Optional.empty();

  /**
   * @param route the path after that of the session
   */
  SessionScope(
      Engine engine,
      Tokenizer tokenizer,
      ChatPrompts chatPrompts,
      Sessions sessions,
      SessionName name,
      String route,
      Request http,
      Exchange exchange) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.chatPrompts = chatPrompts;
    this.sessions = sessions;
    this.name = name;
    this.route = route;
    this.http = http;
    this.exchange = exchange;
  }

  @Override
  public int[] encodeText(CompletionRequest request, String text, Function<String, int[]> encode) {
    String model = request.model().orElse(engine.modelName());
    return prompted(text, () -> live().session().ofText(model, text, encode));
  }

  @Override
  public int[] encodeChat(ChatRequest chat, String text, Function<String, int[]> encode) {
    String model = chat.model().orElse(engine.modelName());
    return prompted(
        text, () -> live().session().ofChat(model, chat, text, chatPrompts::render, encode));
  }

  /** The tokens of a text, in the call that the session has, or as {@code made}. */
  private int[] prompted(String text, Supplier<TurnPrompt> made) {
    String digest = CanonicalText.digest(text);
    Optional<int[]> earlier = live().find(identity()).flatMap(call -> call.prompt(digest));
    if (earlier.isPresent()) {
      return earlier.get();
    }
    TurnPrompt prompt = made.get();
    prompts.put(prompt.ids(), prompt);
    digests.put(digest, prompt.ids());
    return prompt.ids();
  }

  /** The session, which begins with a request that is well-formed. */
  private LiveSession live() {
    LiveSession live = used.orElseGet(() -> sessions.use(name));
    used = Optional.of(live);
    return live;
  }

  private String identity() {
    if (identity.isEmpty()) {
      Map<String, @Nullable Object> body = JSON.readValue(http.body(), OBJECT);
      body.keySet().removeAll(OF_DELIVERY);
      body.values().removeIf(value -> value == null);
      identity = Optional.of(route + " " + CanonicalText.digest(body));
    }
    return identity.get();
  }

  @Override
  public List<Engine.Generation> submit(
      List<GenerationRequest> choices,
      CompletionRequest request,
      AnswerShape shape,
      LoopOutlet outlet) {
    String model = request.model().orElse(engine.modelName());
    AtomicBoolean sampled = new AtomicBoolean();
    SessionCall call =
        live()
            .callOr(
                identity(),
                () -> {
                  sampled.set(true);
                  return start(model, live().sampled(choices), request, shape);
                });
    sessions.metrics().call(!sampled.get());
    if (!sampled.get()) {
      exchange.header(REPLAYED, "true");
    }
    return call.read(outlet);
  }

  private SessionCall start(
      String model,
      List<GenerationRequest> requests,
      CompletionRequest request,
      AnswerShape shape) {
    List<TurnPrompt> turns = new ArrayList<>();
    for (GenerationRequest one : requests) {
      turns.add(
          prompts.computeIfAbsent(one.prompt(), ids -> live().session().ofTokens(model, ids)));
    }
    List<CapturedChoice> choices = new ArrayList<>();
    for (GenerationRequest one : requests) {
      choices.add(new CapturedChoice(StopText.of(tokenizer, shape, request, one.prompt())));
    }
    SessionCall call =
        new SessionCall(
            exchange.loop(),
            request.requestId().orElseThrow(),
            arrays(),
            choices,
            ended -> capture(ended, turns, model, requests, request, shape));
    call.begin(engine.submit(requests, call));
    return call;
  }

  private Map<String, Supplier<int[]>> arrays() {
    Map<String, Supplier<int[]>> arrays = new HashMap<>();
    digests.forEach((digest, ids) -> arrays.put(digest, () -> ids));
    return arrays;
  }

  private void capture(
      SessionCall call,
      List<TurnPrompt> turns,
      String model,
      List<GenerationRequest> requests,
      CompletionRequest request,
      AnswerShape shape) {
    if (call.isFailed() || call.isAborted()) {
      live().forget(call);
    }
    if (call.isFailed()) {
      return;
    }
    Session session = live().session();
    Map<String, Supplier<int[]>> captured = arrays();
    for (int i = 0; i < call.choices().size(); i++) {
      CapturedChoice choice = call.choices().get(i);
      SampledTokens sampled = choice.sampled();
      if (sampled.ids().length > 0) {
        TurnCall turnCall =
            new TurnCall(
                route,
                call.requestId(),
                i,
                model,
                TurnCall.Sampling.of(requests.get(i), request.stop()),
                choice.finish().wireName());
        Turn turn =
            session.add(
                turns.get(i),
                sampled,
                turnCall,
                Optional.of(AnswerMessage.of(shape.messages().read(choice.answer()))));
        sessions.captured(session.name(), turn);
        int[] prompt = turns.get(i).ids();
        captured.replaceAll(
            (digest, ids) -> Arrays.equals(digests.get(digest), prompt) ? turn::prompt : ids);
        live().retain(choice.alternativeBytes());
      }
    }
    call.prompts(captured);
  }
}
