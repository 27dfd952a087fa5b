package dev.freshet.router;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * Clients of a front that ask without end, and note an answer by a version that the fleet did not
 * state, and one that ends early without an error. Owns its threads.
 */
final class ChaosClients implements AutoCloseable {
  private static final String STREAM =
      "{\"model\": \"policy\", \"prompt\": [1, 2], \"stream\":true}";

  private final Supplier<URI> front;
  private final StatedVersions stated;
  private final List<String> directories;
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  /**
   * @param front where the front takes completions now
   * @param directories of the checkpoint of each version
   */
  ChaosClients(Supplier<URI> front, StatedVersions stated, List<String> directories) {
    this.front = front;
    this.stated = stated;
    this.directories = directories;
  }

  void start() {
    for (Runnable one : List.<Runnable>of(this::ask, this::stream)) {
      threads.add(Thread.ofPlatform().name("chaos-client").daemon().start(() -> repeat(one)));
    }
  }

  private void repeat(Runnable request) {
    while (!closed) {
      request.run();
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  List<String> failures() {
    return failures;
  }

  private void ask() {
    int sent = stated.now();
    try {
      RawClient.Answer answer =
          RawClient.exchange(front.get(), RawClient.post("/v1/completions", FrontClient.PROMPT));
      String length = answer.head().header("content-length");
      if (answer.status() != 200 || !length.equals(Integer.toString(answer.body().length))) {
        return; // Refused, or visibly cut.
      }
      int version = directories.indexOf(FrontClient.json(answer).get("weights").asString());
      Set<Integer> may = stated.since(sent);
      if (!may.contains(version)) {
        failures.add(
            "answered by version %d, stated %s: %s".formatted(version, may, answer.text()));
      }
    } catch (IOException e) {
      // Visibly broken.
    }
  }

  private void stream() {
    try {
      RawClient.Answer answer =
          RawClient.exchange(front.get(), RawClient.post("/v1/completions", STREAM));
      boolean whole = answer.text().contains("[DONE]") || answer.text().contains("error");
      if (answer.status() == 200 && !whole) {
        failures.add("a stream ended early without an error: " + answer.text());
      }
    } catch (IOException e) {
      // Visibly broken.
    }
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    for (Thread thread : threads) {
      thread.interrupt();
      thread.join(30_000);
    }
  }
}
