package dev.freshet.lab.route;

import dev.freshet.fleet.ServerAddress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A program that relays to replicas, and how it is started. */
public interface FrontUnderTest {
  /** Its name in the report. */
  String name();

  /**
   * Starts it and waits until it listens.
   *
   * @param dir the directory for its files
   * @param streams the most streams at once
   */
  Running start(Path dir, List<ServerAddress> replicas, int streams)
      throws IOException, InterruptedException;

  /** A running front. Closing it ends its process. */
  interface Running extends AutoCloseable {
    URI url();

    /** Its admin listener, if it updates the replicas as one. */
    default Optional<URI> admin() {
      return Optional.empty();
    }

    /** The process whose time and memory are measured, with its children. */
    ProcessHandle process();

    @Override
    void close();
  }
}
