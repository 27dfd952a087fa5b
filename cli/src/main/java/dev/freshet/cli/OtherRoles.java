package dev.freshet.cli;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminToken;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Wait;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * The roles of a run in other processes, which can be asked what they wait for.
 *
 * @param listeners where they listen; of servers the admin listener
 * @param token the servers' admin token
 */
record OtherRoles(List<URI> listeners, Optional<AdminToken> token) {
  private static final Duration STEP = Duration.ofSeconds(3);
  private static final AdminDeadlines DEADLINES = new AdminDeadlines(STEP, STEP, STEP, STEP, STEP);

  OtherRoles {
    listeners = List.copyOf(listeners);
  }

  /** All roles are in this process, or nobody knows of the others. */
  static OtherRoles none() {
    return new OtherRoles(List.of(), Optional.empty());
  }

  /** The waits of all; {@code silent} is told in a line of each that could not be asked. */
  List<Wait> waits(Consumer<String> silent) throws InterruptedException {
    List<Wait> waits = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Wait>>> asked =
          listeners.stream().map(role -> threads.submit(() -> ask(role))).toList();
      for (Future<List<Wait>> answer : asked) {
        try {
          waits.addAll(answer.get());
        } catch (ExecutionException e) {
          silent.accept(reason(e));
        }
      }
    }
    return waits;
  }

  private List<Wait> ask(URI role) {
    try (AdminClient client =
        new AdminClient(role, DEADLINES, EventLog.silent(MonotonicClock.SYSTEM), token)) {
      return client.waits();
    }
  }

  private static String reason(ExecutionException e) {
    if (e.getCause() instanceof AdminException known) {
      return String.valueOf(known.getMessage());
    }
    throw new IllegalStateException(e.getCause());
  }
}
