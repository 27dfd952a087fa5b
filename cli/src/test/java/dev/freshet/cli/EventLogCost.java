package dev.freshet.cli;

import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the log of a role takes: an event loop writes tagged lines at the rates given, and every
 * call is timed; then the lines in the file are counted. Run by {@code bench/events.sh}.
 */
final class EventLogCost {
  private static final int SECONDS = 5;

  private EventLogCost() {}

  static void main(String[] arguments) throws Exception {
    Path dir = Files.createTempDirectory("freshet-events");
    RunDirectory run = new RunDirectory(dir);
    run.createLogs();
    System.out.println("lines/s   left out    a call us: p50     p99   p99.9     max");
    try (MultiThreadIoEventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory())) {
      EventLoop loop = loops.next();
      for (int rate : rates(arguments)) {
        Files.deleteIfExists(run.log("inference"));
        Logs.toRun(run, Roles.PACKAGES, "inference");
        EventLog events = Logs.events("inference");
        var _ = loop.submit(() -> paced(events, rate)).get(); // Warms up.
        long start = System.nanoTime();
        long[] nanos = loop.submit(() -> paced(events, rate)).get();
        double seconds = (System.nanoTime() - start) / 1e9;
        Logs.close();
        report(nanos, run.log("inference"), seconds);
      }
    } finally {
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static List<Integer> rates(String[] arguments) {
    List<Integer> rates = new ArrayList<>();
    for (String argument : arguments.length == 0 ? "50000 200000 300000".split(" ") : arguments) {
      rates.add(Integer.parseInt(argument));
    }
    return rates;
  }

  /** Writes lines when they are due, in bursts of a millisecond; returns what each call took. */
  private static long[] paced(EventLog events, int rate) {
    TraceId trace = TraceId.random();
    long[] nanos = new long[rate * SECONDS];
    long begin = System.nanoTime();
    for (int i = 0; i < nanos.length; i++) {
      while (System.nanoTime() - begin < i / (rate / 1000) * 1_000_000L) {
        Thread.onSpinWait();
      }
      long before = System.nanoTime();
      events.serverRecv(trace, "/update_weights", before);
      nanos[i] = System.nanoTime() - before;
    }
    return nanos;
  }

  private static void report(long[] nanos, Path log, double seconds) throws Exception {
    long whole;
    try (Stream<String> lines = Files.lines(log)) {
      whole = lines.filter(line -> line.contains("server.recv")).count();
    }
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    System.out.printf(
        "%7.0f  %9d  %17.2f  %6.2f  %6.2f  %6.0f%n",
        nanos.length / seconds,
        2L * nanos.length - whole,
        sorted[sorted.length / 2] / 1e3,
        sorted[(int) (sorted.length * 0.99)] / 1e3,
        sorted[(int) (sorted.length * 0.999)] / 1e3,
        sorted[sorted.length - 1] / 1e3);
  }
}
