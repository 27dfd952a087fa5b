package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.Quoted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The adapters (LoRA) of one engine, which requests choose by name. Loading reads and checks an
 * adapter beside decoding and then publishes one reference, so no step waits for it. Unloading
 * takes the name away at once; the adapter is freed when its last completion has ended. Updates of
 * the base model leave adapters as they are. Thread-safe.
 */
final class Adapters {
  private final AdapterSource source;
  private final int most;
  private final String base;
  private final LoopRequests<?> loop;
  private final MonotonicClock clock;
  private final FileWork files;

  /** Held by one operation at a time. */
  private final ReentrantLock operation = new ReentrantLock(true);

  /** By name, in the order in which they were loaded. */
  private final Map<String, ServedAdapter> loaded = new LinkedHashMap<>();

  /** Unloaded adapters that completions may still use. */
  private final List<ServedAdapter> unloaded = new ArrayList<>();

  private long lastId;
  private boolean closed;

  /**
   * @param most the most adapters in memory
   * @param base the name of the base model
   * @param loop is asked when an unloaded adapter is no longer used
   */
  Adapters(
      AdapterSource source, int most, String base, LoopRequests<?> loop, MonotonicClock clock) {
    this.source = source;
    this.most = most;
    this.base = base;
    this.loop = loop;
    this.clock = clock;
    this.files = new FileWork(clock);
  }

  /** The adapters that requests may choose, in the order in which they were loaded. */
  synchronized List<LoadedAdapter> loaded() {
    return loaded.values().stream().map(ServedAdapter::listed).toList();
  }

  /** How many adapters requests may choose. */
  synchronized int count() {
    return loaded.size();
  }

  /** Queues completions, during which no adapter is unloaded. */
  synchronized <T> T keeping(Supplier<T> queueing) {
    return queueing.get();
  }

  /**
   * The adapter of this name.
   *
   * @throws EngineException NOT_FOUND if none is loaded
   */
  synchronized ServedAdapter named(String name) {
    ServedAdapter adapter = loaded.get(name);
    if (adapter == null) {
      throw notFound(name);
    }
    return adapter;
  }

  /**
   * Carries out an operation.
   *
   * @param serving the policy version of the base model
   * @param decided called with the outcome
   */
  void carryOut(
      WeightOperation.OfAdapter operation,
      long serving,
      Duration deadline,
      Consumer<WeightUpdate> decided) {
    switch (operation) {
      case WeightOperation.LoadAdapter load ->
          decided.accept(outcome(serving, Optional.of(load(load, deadline))));
      case WeightOperation.UnloadAdapter unload -> {
        unload(unload.name());
        decided.accept(outcome(serving, Optional.empty()));
      }
    }
  }

  private static WeightUpdate outcome(long serving, Optional<WeightUpdate.PrepareTimes> times) {
    return new WeightUpdate(serving, OptionalLong.empty(), times, Optional.empty());
  }

  private WeightUpdate.PrepareTimes load(WeightOperation.LoadAdapter load, Duration deadline) {
    long due = clock.nanos() + deadline.toNanos();
    enter(deadline);
    try {
      requireRoom(load.name());
      try (AdapterSource.Read read =
          files.run(
              Quoted.escaped(load.dir().toString()),
              due,
              () -> source.read(load.dir()),
              AdapterSource.Read::close)) {
        AdapterSource.Loaded made = read.build();
        publish(new LoadedAdapter(load.name(), load.dir()), read.version(), made);
        return made.times();
      }
    } finally {
      operation.unlock();
    }
  }

  private void enter(Duration deadline) {
    try {
      if (!operation.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new EngineException(
            EngineException.Kind.CONFLICT,
            "another adapter is still being loaded after %d ms; retry later"
                .formatted(deadline.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          EngineException.Kind.INTERNAL, "interrupted while waiting for another adapter", e);
    }
  }

  /** Checks that an adapter of this name may be loaded. */
  private synchronized void requireRoom(String name) {
    if (name.equals(base)) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "cannot load adapter %s: it is the name of the base model; use another name"
              .formatted(Quoted.of(name)));
    }
    ServedAdapter same = loaded.get(name);
    if (same != null) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "adapter %s has already been loaded, from %s: use another name, or unload it first"
              .formatted(Quoted.of(name), Quoted.escaped(same.listed().dir().toString())));
    }
    if (loaded.size() + unloaded.size() >= most) {
      throw new EngineException(
          EngineException.Kind.CONFLICT,
          "cannot load adapter %s: %d adapters are loaded and %d unloaded ones are still used by completions, expected fewer than %d together (inference.max_loras): unload one, or wait until its completions have ended"
              .formatted(Quoted.of(name), loaded.size(), unloaded.size(), most));
    }
  }

  private synchronized void publish(
      LoadedAdapter listed, OptionalLong version, AdapterSource.Loaded made) {
    if (closed) {
      made.products().close();
      throw LoopRequests.ended();
    }
    loaded.put(listed.name(), new ServedAdapter(++lastId, listed, version, made.products()));
  }

  private void unload(String name) {
    ServedAdapter adapter;
    synchronized (this) {
      adapter = named(name);
      loaded.remove(name);
      unloaded.add(adapter);
    }
    loop.submit(new LoopRequests.Retire<>(adapter, () -> free(adapter)));
  }

  /** Frees an unloaded adapter that no completion uses. */
  private void free(ServedAdapter adapter) {
    synchronized (this) {
      if (!unloaded.remove(adapter)) {
        return;
      }
    }
    adapter.products().close();
  }

  private EngineException notFound(String name) {
    String names = loaded.keySet().stream().map(Quoted::of).collect(Collectors.joining(", "));
    return new EngineException(
        EngineException.Kind.NOT_FOUND,
        "adapter %s cannot be found: expected %s"
            .formatted(Quoted.of(name), names.isEmpty() ? "a loaded one, and none is" : names));
  }

  /** Ends the reading of files in progress, so that its operation fails, and refuses more. */
  void stopReading() {
    files.close();
  }

  /** Frees all adapters; the loop has ended. */
  void close() {
    List<ServedAdapter> all;
    synchronized (this) {
      closed = true;
      all = new ArrayList<>(loaded.values());
      all.addAll(unloaded);
      loaded.clear();
      unloaded.clear();
    }
    all.forEach(adapter -> adapter.products().close());
  }
}
