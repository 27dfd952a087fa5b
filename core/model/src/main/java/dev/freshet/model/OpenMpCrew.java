package dev.freshet.model;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.pytorch.global.torch;

/**
 * The OpenMP threads that libtorch computes with, also for tasks in Java. After an operation of
 * libtorch they still spin, so a parallel region costs some 3 µs. Threads of its own would have to
 * be woken for every region, and would share the cores with those that spin.
 *
 * <p>Uses the entry point of GNU's OpenMP, which LLVM's has too.
 */
final class OpenMpCrew implements ComputeCrew {
  /** {@code void GOMP_parallel(void (*)(void *), void *, unsigned threads, unsigned flags)}. */
  private static final Optional<MethodHandle> PARALLEL =
      function(
          "GOMP_parallel",
          FunctionDescriptor.ofVoid(
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT));

  private static final Optional<MethodHandle> THREAD_NUMBER =
      function("omp_get_thread_num", FunctionDescriptor.of(ValueLayout.JAVA_INT));

  private final int workers;
  private final MethodHandle parallel;
  private final MethodHandle threadNumber;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment body;

  /** The computation in progress. Entering and leaving a parallel region publishes them. */
  private Task task = (_, _) -> {};

  private int count;

  /** Whether the thread of a worker has its name; each element belongs to its worker. */
  private final boolean[] named;

  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /** Throws if OpenMP {@linkplain #isSupported cannot be called}. */
  OpenMpCrew(int workers) {
    this.workers = workers;
    this.named = new boolean[workers];
    this.parallel = PARALLEL.orElseThrow();
    this.threadNumber = THREAD_NUMBER.orElseThrow();
    this.body =
        Linker.nativeLinker()
            .upcallStub(body(), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), arena);
  }

  /** Whether libtorch is loaded with an OpenMP library that has the entry point. */
  static boolean isSupported() {
    return PARALLEL.isPresent() && THREAD_NUMBER.isPresent();
  }

  private static Optional<MethodHandle> function(String name, FunctionDescriptor type) {
    // Loads libtorch and what it is linked with.
    torch.get_num_threads();
    return SymbolLookup.loaderLookup()
        .find(name)
        .map(address -> Linker.nativeLinker().downcallHandle(address, type));
  }

  private MethodHandle body() {
    Runnable work = this::work;
    try {
      MethodHandle run =
          MethodHandles.publicLookup()
              .findVirtual(Runnable.class, "run", MethodType.methodType(void.class));
      return MethodHandles.dropArguments(run.bindTo(work), 0, MemorySegment.class);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.toString(), e);
    }
  }

  @Override
  public int workers() {
    return workers;
  }

  @Override
  public void run(int count, Task task) {
    if (Math.min(workers, count) <= 1) {
      ALONE.run(count, task);
      return;
    }
    this.task = task;
    this.count = count;
    next.set(0);
    try {
      // The number of threads is always the same: another one would make OpenMP start new threads.
      parallel.invokeExact(body, MemorySegment.NULL, workers, 0);
    } catch (Throwable e) {
      throw new IllegalStateException("cannot enter a parallel region: " + e, e);
    }
    Throwable failed = failure.getAndSet(null);
    if (failed instanceof Error error) {
      throw error;
    }
    if (failed != null) {
      throw new IllegalStateException("a parallel computation failed: " + failed, failed);
    }
  }

  /** What every thread does in a parallel region. An exception must not reach OpenMP. */
  private void work() {
    try {
      int worker = (int) threadNumber.invokeExact();
      if (worker > 0 && !named[worker]) {
        named[worker] = true;
        Thread.currentThread().setName("freshet-compute-" + worker);
      }
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        task.run(worker, i);
      }
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
