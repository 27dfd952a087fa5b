package dev.freshet.lab.engine;

import dev.freshet.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * How many of the machine's cores are busy, whatever the process. Time that a hypervisor withholds
 * counts as busy.
 */
final class BusyCores {
  private static final Path STAT = Path.of("/proc/stat");

  /** The first line: its name, then ticks of user, nice, system, idle, iowait and others. */
  private static final int IDLE = 3;

  private static final int IOWAIT = 4;

  /** Ticks of user and nice time of guests, which are part of user and nice time. */
  private static final int GUEST = 8;

  private BusyCores() {}

  /** The processor time of all cores since the machine started, in ticks. */
  private record Ticks(double busy, double all) {}

  /**
   * The mean over the next {@code millis} milliseconds; NaN on systems other than Linux, where it
   * waits too.
   */
  static double during(long millis) throws InterruptedException {
    Ticks before = ticks();
    Thread.sleep(millis);
    Ticks after = ticks();
    return (after.busy - before.busy)
        / (after.all - before.all)
        * Runtime.getRuntime().availableProcessors();
  }

  private static Ticks ticks() {
    List<String> lines;
    try {
      lines = Files.readAllLines(STAT);
    } catch (NoSuchFileException e) {
      return new Ticks(Double.NaN, Double.NaN);
    } catch (IOException e) {
      throw new LabException(STAT + ": cannot be read: " + e.getMessage(), e);
    }
    double[] ticks =
        Arrays.stream(lines.getFirst().split(" +"))
            .skip(1)
            .limit(GUEST)
            .mapToDouble(Double::parseDouble)
            .toArray();
    double all = Arrays.stream(ticks).sum();
    return new Ticks(all - ticks[IDLE] - ticks[IOWAIT], all);
  }
}
