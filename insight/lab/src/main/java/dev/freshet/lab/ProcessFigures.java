package dev.freshet.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Processor time and memory of a process and its children, as the operating system counts them.
 *
 * @param cpuSeconds user and system time since their start
 * @param residentMb resident memory now, in MiB; NaN on systems other than Linux
 * @param peakMb peak resident memory, in MiB; NaN on systems other than Linux
 */
public record ProcessFigures(double cpuSeconds, double residentMb, double peakMb) {
  /** The figures of {@code process} and its children now. */
  public static ProcessFigures of(ProcessHandle process) {
    double cpu = 0;
    double resident = 0;
    double peak = 0;
    for (ProcessHandle one : Stream.concat(Stream.of(process), process.descendants()).toList()) {
      cpu += one.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
      List<String> status = status(one.pid());
      resident += mebibytes(status, "VmRSS:");
      peak += mebibytes(status, "VmHWM:");
    }
    return new ProcessFigures(cpu, resident, peak);
  }

  /** Resident memory of {@code process} without its children, in MiB. Reads one small file. */
  public static double residentMb(ProcessHandle process) {
    return mebibytes(status(process.pid()), "VmRSS:");
  }

  private static List<String> status(long pid) {
    Path file = Path.of("/proc", Long.toString(pid), "status");
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new LabException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static double mebibytes(List<String> status, String name) {
    return status.stream()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(Double.NaN);
  }
}
