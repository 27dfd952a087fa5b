package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.EngineException;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.engine.LoadedAdapter;
import dev.freshet.engine.Outlet;
import dev.freshet.engine.PromptLogprob;
import dev.freshet.engine.TokenEvent;
import dev.freshet.engine.WeightOperation;
import dev.freshet.engine.WeightUpdate;
import dev.freshet.text.CharTokenizer;
import dev.freshet.wire.PauseMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * An engine without a model. Its tokens count up from the last prompt token, cyclically from
 * {@value #FIRST} to the end of the vocabulary; token i has the logprob −(i + 1)/4. Its thread
 * takes a step for all running completions while steps are allowed. An update is applied between
 * two steps. With a script, every completion has its tokens and then an end token.
 */
final class ScriptedEngine implements Engine {
  static final int FIRST = 4;
  static final int MAX_LEN = 100_000;

  private final int vocabSize;
  private final Object stepLock = new Object();
  private final Set<Running> running = new LinkedHashSet<>();
  private final Semaphore steps = new Semaphore(0);
  private final Thread thread = new Thread(this::loop, "scripted-engine");
  private final AtomicInteger updates = new AtomicInteger();
  private final AtomicInteger stepsMade = new AtomicInteger();

  /** The completions that were requested. */
  final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();

  /** The operations that were requested. */
  final List<WeightOperation> operations = new CopyOnWriteArrayList<>();

  /** The tokens of every completion; empty for those that count up. */
  volatile int[] script = {};

  /** How many tokens of a prompt the engine says it had cached. */
  volatile int cachedPrompt;

  /** The pauses that were requested: mode and clear_cache. */
  final List<String> pauses = new CopyOnWriteArrayList<>();

  volatile CompletableFuture<Void> pauseInForce = CompletableFuture.completedFuture(null);
  private volatile boolean paused;

  /** A test completes it to make the engine fail. */
  final CompletableFuture<EngineException> failure = new CompletableFuture<>();

  /** Runs before an update is applied; may wait or throw. */
  volatile Consumer<WeightOperation> beforeUpdate = operation -> {};

  /** Runs before a submission is accepted, on its event loop; may wait. */
  volatile Runnable beforeSubmit = () -> {};

  private volatile long version;
  private volatile boolean free = true;
  private volatile boolean closed;

  ScriptedEngine(int vocabSize) {
    this.vocabSize = vocabSize;
    thread.start();
  }

  private final class Running implements Generation {
    private final GenerationRequest request;
    private final Outlet outlet;
    private int made;

    Running(GenerationRequest request, Outlet outlet) {
      this.request = request;
      this.outlet = outlet;
    }

    @Override
    public void cancel() {
      synchronized (running) {
        running.remove(this);
      }
    }

    @Override
    public int cachedPrompt() {
      return cachedPrompt;
    }

    @Override
    public List<PromptLogprob> promptLogprobs() {
      if (request.promptLogprobs().isEmpty()) {
        return List.of();
      }
      List<PromptLogprob> logprobs = new ArrayList<>();
      for (int i = 1; i < request.prompt().length; i++) {
        List<TokenEvent.TopLogprob> top = new ArrayList<>();
        for (int j = 0; j < request.promptLogprobs().getAsInt(); j++) {
          top.add(new TokenEvent.TopLogprob(FIRST + j, -1 - j));
        }
        logprobs.add(new PromptLogprob(request.prompt()[i], -i / 8f, 3, top));
      }
      return logprobs;
    }

    private TokenEvent next() {
      int token = token();
      List<TokenEvent.TopLogprob> top = new ArrayList<>();
      for (int i = 0; i < request.topLogprobs(); i++) {
        top.add(new TokenEvent.TopLogprob(FIRST + i, -1 - i));
      }
      made++;
      Optional<FinishReason> finish =
          request.stopTokens().contains(token)
              ? Optional.of(FinishReason.STOP)
              : made == request.maxTokens() ? Optional.of(FinishReason.LENGTH) : Optional.empty();
      return new TokenEvent(this, token, -made / 4f, version, top, finish);
    }

    private int token() {
      if (script.length > 0) {
        return made < script.length ? script[made] : CharTokenizer.EOS;
      }
      int last = request.prompt()[request.prompt().length - 1];
      return FIRST + Math.floorMod(last - FIRST + 1 + made, vocabSize - FIRST);
    }
  }

  /** Waits for the current step; further steps are taken only as {@link #allow} allows. */
  void hold() {
    free = false;
    synchronized (stepLock) {
      steps.drainPermits();
    }
  }

  void allow(int count) {
    steps.release(count);
  }

  /** Allows steps and waits until they are taken. */
  void make(int count) {
    int reached = stepsMade.get() + count;
    allow(count);
    while (stepsMade.get() < reached && !closed) {
      Thread.onSpinWait();
    }
  }

  void release() {
    free = true;
    steps.release();
  }

  /** The number of updates and reloads that were requested. */
  int updates() {
    return updates.get();
  }

  private void loop() {
    try {
      while (!closed) {
        if (running() == 0) {
          Thread.sleep(1);
        }
        boolean allowed = !free && steps.tryAcquire(1, TimeUnit.HOURS);
        synchronized (stepLock) {
          if (free || allowed) {
            step();
          }
        }
      }
    } catch (InterruptedException e) {
      // The engine is closed.
    }
  }

  private void step() {
    List<Running> now;
    synchronized (running) {
      now = new ArrayList<>(running);
    }
    IdentityHashMap<Outlet, List<TokenEvent>> byOutlet = new IdentityHashMap<>();
    for (Running one : now) {
      TokenEvent event = one.next();
      byOutlet.computeIfAbsent(one.outlet, outlet -> new ArrayList<>()).add(event);
      if (event.finish().isPresent()) {
        one.cancel();
      }
    }
    byOutlet.forEach(Outlet::deliver);
    stepsMade.incrementAndGet();
  }

  /** Ends every running completion with finish reason error. */
  void fail() {
    fail(Integer.MAX_VALUE);
  }

  /** Ends the oldest running completions with finish reason error. */
  void fail(int most) {
    synchronized (stepLock) {
      synchronized (running) {
        for (Running one : running.stream().limit(most).toList()) {
          running.remove(one);
          one.outlet.deliver(
              List.of(
                  new TokenEvent(one, -1, 0, version, List.of(), Optional.of(FinishReason.ERROR))));
        }
      }
    }
  }

  @Override
  public List<Generation> submit(List<GenerationRequest> requested, Outlet outlet) {
    beforeSubmit.run();
    requested.forEach(ScriptedEngine::check);
    List<Running> accepted =
        requested.stream().map(request -> new Running(request, outlet)).toList();
    synchronized (running) {
      requests.addAll(requested);
      running.addAll(accepted);
    }
    return List.copyOf(accepted);
  }

  private static void check(GenerationRequest request) {
    if (request.prompt().length + request.maxTokens() > MAX_LEN) {
      throw new EngineException(EngineException.Kind.INVALID, "longer than " + MAX_LEN);
    }
    if (request.maxTokens() == 99_999 - request.prompt().length) {
      throw new EngineException(EngineException.Kind.OVERLOADED, "the queue is full");
    }
  }

  @Override
  public void update(WeightOperation operation, Duration deadline, Consumer<WeightUpdate> decided) {
    updates.incrementAndGet();
    operations.add(operation);
    beforeUpdate.accept(operation);
    synchronized (stepLock) {
      version =
          switch (operation) {
            case WeightOperation.Update update -> update.prepare().step().orElse(version + 1);
            case WeightOperation.Reload reload -> 0;
            default -> version;
          };
    }
    decided.accept(
        new WeightUpdate(
            version,
            OptionalLong.empty(),
            Optional.of(new WeightUpdate.PrepareTimes(0.5, 1, 1.25, 0.25)),
            Optional.of(new WeightUpdate.CommitTimes(2, 1, 0, 1))));
  }

  @Override
  public CompletableFuture<Void> pause(PauseMode mode, boolean clearCache) {
    paused = true;
    pauses.add(mode.wireName() + " " + clearCache);
    return pauseInForce;
  }

  @Override
  public CompletableFuture<Void> resume() {
    paused = false;
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public boolean paused() {
    return paused;
  }

  @Override
  public CompletableFuture<EngineException> failure() {
    return failure;
  }

  @Override
  public String modelName() {
    return "scripted \"model\"";
  }

  @Override
  public int maxModelLen() {
    return MAX_LEN;
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public List<LoadedAdapter> adapters() {
    return List.of();
  }

  @Override
  public long policyVersion() {
    return version;
  }

  @Override
  public int running() {
    synchronized (running) {
      return running.size();
    }
  }

  @Override
  public int waiting() {
    return 0;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
