package dev.freshet.lab.route;

import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/** A front in a process that this object owns. */
record StartedFront(URI url, OwnedProcess owned) implements FrontUnderTest.Running {
  /** Waits until {@code sign} tells the URL of the front; ends the process if it does not. */
  static StartedFront await(OwnedProcess process, OwnedProcess.Sign<URI> sign, Duration most)
      throws IOException, InterruptedException {
    try {
      return new StartedFront(process.await(sign, most), process);
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
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
