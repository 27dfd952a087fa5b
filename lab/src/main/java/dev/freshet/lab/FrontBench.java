package dev.freshet.lab;

import java.net.URI;
import java.time.Duration;

/**
 * Measures a server under many streams: what they cost it and how long weight updates wait beside
 * them. The server makes tokens at a fixed rate, so that what is measured is its front.
 *
 * @param rate tokens a second that the server makes for each stream
 * @param window how long to measure, after the streams have run for a while
 */
public record FrontBench(double rate, Duration window) {
  private static final Duration WARM_UP = Duration.ofSeconds(5);
  private static final Duration ADMIN_WARM_UP = Duration.ofSeconds(20);
  private static final Duration OPENING = Duration.ofMinutes(2);
  private static final int SLACK_TOKENS = 1000;

  /**
   * One way to the completions of a server.
   *
   * @param data where the streams go
   * @param admin the server's own admin listener
   * @param process whose use is measured, with its children: the server, or a proxy before it
   */
  public record Target(URI data, URI admin, ProcessHandle process) {}

  /** Measures with {@code streams} streams. */
  public FrontFigures measure(Target target, int streams) throws InterruptedException {
    Duration whole = OPENING.plus(WARM_UP).plus(ADMIN_WARM_UP).plus(window);
    int maxTokens = (int) (whole.toSeconds() * rate) + SLACK_TOKENS;
    try (UpdateProbe probe = new UpdateProbe(target.admin());
        StreamLoad load = new StreamLoad(target.data(), streams, maxTokens)) {
      load.awaitStreaming(OPENING);
      probe.warmUp(ADMIN_WARM_UP);
      Thread.sleep(WARM_UP);

      ProcessFigures before = ProcessFigures.of(target.process());
      StreamLoad.Counts first = load.counts();
      long start = System.nanoTime();
      UpdateProbe.Timings updates = probe.run(window);
      StreamLoad.Counts last = load.counts();
      double seconds = (System.nanoTime() - start) / 1e9;
      ProcessFigures after = ProcessFigures.of(target.process());

      long events = last.events() - first.events();
      return new FrontFigures(
          streams,
          events / seconds,
          (double) (last.bytes() - first.bytes()) / events,
          (after.cpuSeconds() - before.cpuSeconds()) / events * 1e6,
          after.residentMb(),
          after.peakMb(),
          updates.queueMs(),
          updates.rpcMs(),
          updates.wallMs(),
          last.failed() + updates.failed(),
          last.failure().or(updates::failure));
    }
  }
}
