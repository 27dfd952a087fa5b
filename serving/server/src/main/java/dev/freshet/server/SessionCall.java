package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.Outlet;
import dev.freshet.engine.PromptLogprob;
import dev.freshet.engine.TokenEvent;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a session, from its submission to its capture. It runs to its end whether or not a
 * client is connected, so that a client that asks again gets the same tokens: every answer to the
 * call is a reader, which gets all events from the first on. The state is confined to the event
 * loop on which the call was submitted.
 */
final class SessionCall implements Outlet {
  private static final Logger LOG = LoggerFactory.getLogger(SessionCall.class);

  /** What a reader's stream takes for the engine's completion. It ends nothing. */
  final class Replica implements Engine.Generation {
    private final int choice;

    Replica(int choice) {
      this.choice = choice;
    }

    @Override
    public void cancel() {}

    /** Ends the call itself, for all of its readers. */
    void abort() {
      var _ = SessionCall.this.abort();
    }

    @Override
    public int cachedPrompt() {
      return generations.get(choice).cachedPrompt();
    }

    @Override
    public List<PromptLogprob> promptLogprobs() {
      return generations.get(choice).promptLogprobs();
    }
  }

  /** What is kept of a completion that has ended. */
  private record Ended(int cachedPrompt, List<PromptLogprob> promptLogprobs)
      implements Engine.Generation {
    static Engine.Generation of(Engine.Generation generation) {
      return new Ended(generation.cachedPrompt(), generation.promptLogprobs());
    }

    @Override
    public void cancel() {}
  }

  /** An answer to the call. */
  private record Reader(Outlet outlet, List<Engine.Generation> replicas) {}

  private final EventLoop home;
  private final String requestId;
  private final List<CapturedChoice> choices;
  private final IdentityHashMap<Engine.Generation, Integer> indexes = new IdentityHashMap<>();
  private final List<Reader> readers = new ArrayList<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile List<Engine.Generation> generations = List.of();

  /** The tokens of the prompts that are texts, by the digests of the texts. */
  private volatile Map<String, Supplier<int[]>> prompts;

  /** Captures it, once. */
  private Consumer<SessionCall> onEnd;

  /**
   * @param home the event loop on which it is submitted
   * @param prompts the tokens of the prompts that are texts, by the digests of the texts
   * @param onEnd called on the loop when all choices have ended, before readers get the end
   */
  SessionCall(
      EventLoop home,
      String requestId,
      Map<String, Supplier<int[]>> prompts,
      List<CapturedChoice> choices,
      Consumer<SessionCall> onEnd) {
    this.home = home;
    this.requestId = requestId;
    this.prompts = Map.copyOf(prompts);
    this.choices = choices;
    this.onEnd = onEnd;
  }

  /** Records that the engine accepted it; on its event loop. */
  void begin(List<Engine.Generation> accepted) {
    generations = accepted;
    for (int i = 0; i < accepted.size(); i++) {
      indexes.put(accepted.get(i), i);
    }
  }

  /** The tokens of a prompt that is a text, by the digest of that text. */
  Optional<int[]> prompt(String digest) {
    return Optional.ofNullable(prompts.get(digest)).map(Supplier::get);
  }

  /** Replaces the tokens of prompts by those of the turns that the session keeps. */
  void prompts(Map<String, Supplier<int[]>> captured) {
    prompts = Map.copyOf(captured);
  }

  String requestId() {
    return requestId;
  }

  /** Whether the id of its request or of an answer to it is among {@code ids}. */
  boolean isAmong(Set<String> ids) {
    return ids.stream().anyMatch(id -> id.equals(requestId) || id.endsWith("-" + requestId));
  }

  List<CapturedChoice> choices() {
    return choices;
  }

  /** Completes when the call has ended and is captured. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  /** Whether the engine failed, so that there is nothing to capture. */
  boolean isFailed() {
    return choices.stream().anyMatch(choice -> choice.finish() == FinishReason.ERROR);
  }

  /** Whether it was ended before its time, so that asking again makes sense. */
  boolean isAborted() {
    return choices.stream().anyMatch(choice -> choice.finish() == FinishReason.ABORT);
  }

  /**
   * Sends the events of the call, also the past ones, to {@code outlet}; returns the completions
   * that they are of. The first events follow after the current task of the outlet's event loop.
   */
  List<Engine.Generation> read(Outlet outlet) {
    List<Engine.Generation> replicas = new ArrayList<>(choices.size());
    for (int i = 0; i < choices.size(); i++) {
      replicas.add(new Replica(i));
    }
    Reader reader = new Reader(outlet, List.copyOf(replicas));
    onHome(
        () -> {
          List<TokenEvent> past = new ArrayList<>();
          for (int i = 0; i < choices.size(); i++) {
            past.addAll(choices.get(i).events(replicas.get(i)));
          }
          if (!past.isEmpty()) {
            outlet.deliver(past);
          }
          readers.add(reader);
        });
    return reader.replicas();
  }

  @Override
  public void deliver(List<TokenEvent> events) {
    onHome(() -> take(events));
  }

  /** Ends it with the tokens so far. */
  CompletableFuture<Void> abort() {
    onHome(
        () -> {
          List<TokenEvent> ends = new ArrayList<>();
          for (int i = 0; i < choices.size(); i++) {
            if (!choices.get(i).isFinished()) {
              generations.get(i).cancel();
              ends.add(
                  new TokenEvent(
                      generations.get(i), -1, 0, 0, List.of(), Optional.of(FinishReason.ABORT)));
            }
          }
          take(ends);
        });
    return ended;
  }

  private void take(List<TokenEvent> events) {
    if (ended.isDone()) {
      return;
    }
    for (TokenEvent event : events) {
      int index = indexes.getOrDefault(event.generation(), -1);
      if (index >= 0) {
        take(event, choices.get(index));
      }
    }
    if (choices.stream().allMatch(CapturedChoice::isFinished)) {
      end();
    }
    for (Reader reader : readers) {
      reader.outlet().deliver(copies(events, reader));
    }
    if (ended.isDone()) {
      readers.clear();
      indexes.clear();
      generations = generations.stream().map(Ended::of).toList();
    }
  }

  private void take(TokenEvent event, CapturedChoice choice) {
    try {
      choice.take(event);
      if (choice.isStoppedByText()) {
        event.generation().cancel();
      }
    } catch (RuntimeException | Error e) {
      LOG.error("the call {} of a session failed unexpectedly", requestId, e);
      event.generation().cancel();
      choice.fail();
    }
  }

  private void end() {
    try {
      onEnd.accept(this);
    } catch (RuntimeException | Error e) {
      LOG.error("the call {} of a session cannot be captured", requestId, e);
    }
    onEnd = _ -> {}; // The request that it held is no longer needed.
    ended.complete(null);
  }

  private List<TokenEvent> copies(List<TokenEvent> events, Reader reader) {
    List<TokenEvent> copies = new ArrayList<>(events.size());
    for (TokenEvent event : events) {
      int index = indexes.getOrDefault(event.generation(), -1);
      if (index >= 0) {
        copies.add(
            new TokenEvent(
                reader.replicas().get(index),
                event.token(),
                event.logprob(),
                event.policyVersion(),
                event.top(),
                event.finish()));
      }
    }
    return copies;
  }

  private void onHome(Runnable task) {
    try {
      home.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("dropped a task of call {}: its event loop has ended", requestId);
    }
  }
}
