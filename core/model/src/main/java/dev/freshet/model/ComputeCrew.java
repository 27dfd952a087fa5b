package dev.freshet.model;

/**
 * Threads that share the tasks of one computation with the thread that asks for it. A crew serves
 * one thread at a time. The owner closes it.
 */
public sealed interface ComputeCrew extends AutoCloseable
    permits ComputeCrew.Alone, OpenMpCrew, ThreadCrew {
  /** The asking thread alone. */
  ComputeCrew ALONE = new Alone();

  /** A task on one of the crew's threads. */
  @FunctionalInterface
  interface Task {
    /**
     * Carries out task {@code task}.
     *
     * @param worker from 0 to {@link ComputeCrew#workers} − 1; two tasks of one worker never
     *     overlap
     */
    void run(int worker, int task);
  }

  /**
   * A crew of {@code workers} threads, the asking one included: libtorch's own if its OpenMP can be
   * called, threads beside them otherwise.
   */
  static ComputeCrew of(int workers) {
    if (workers == 1) {
      return ALONE;
    }
    return OpenMpCrew.isSupported() ? new OpenMpCrew(workers) : new ThreadCrew(workers);
  }

  /** See {@link #ALONE}. */
  record Alone() implements ComputeCrew {
    @Override
    public int workers() {
      return 1;
    }

    @Override
    public void run(int count, Task task) {
      for (int i = 0; i < count; i++) {
        task.run(0, i);
      }
    }

    @Override
    public void close() {}
  }

  /** How many threads compute, the asking one included. */
  int workers();

  /** Carries out tasks 0 to {@code count} − 1 and returns when all are done. */
  void run(int count, Task task);

  @Override
  void close();
}
