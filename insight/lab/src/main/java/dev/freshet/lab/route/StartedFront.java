package dev.freshet.lab.route;

import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/** A front in a process that this object owns. */
record StartedFront(Urls urls, OwnedProcess owned) implements FrontUnderTest.Running {
  /** Where it listens. */
  record Urls(URI requests, Optional<URI> admin) {}

  /** Waits until {@code sign} tells where the front listens; ends the process if it does not. */
  static StartedFront await(OwnedProcess process, OwnedProcess.Sign<Urls> sign, Duration most)
      throws IOException, InterruptedException {
    try {
      return new StartedFront(process.await(sign, most), process);
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  @Override
  public URI url() {
    return urls.requests();
  }

  @Override
  public Optional<URI> admin() {
    return urls.admin();
  }

  @Override
  public ProcessHandle process() {
    return owned.handle();
  }

  @Override
  public void close() {
    owned.close();
  }
}
