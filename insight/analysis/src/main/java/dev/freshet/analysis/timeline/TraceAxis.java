package dev.freshet.analysis.timeline;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.FleetHistory;
import dev.freshet.analysis.TracedCall;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The time axis of a trace: nanoseconds since the first event.
 *
 * @param originMillis the time of the first event, on the common axis of the logs
 */
record TraceAxis(double originMillis) {
  private static final double NANOS_PER_MS = 1e6;

  /**
   * The axis that begins with the earliest event.
   *
   * @throws AnalysisException if no event has a time
   */
  static TraceAxis of(Analysis analysis, RecordedMetrics metrics) {
    DoubleStream calls = analysis.calls().stream().mapToDouble(TracedCall::millis);
    DoubleStream moments = analysis.moments().stream().mapToDouble(m -> start(m, metrics));
    DoubleStream begun = analysis.begun().stream().mapToDouble(Analysis.Begun::millis);
    DoubleStream loads = analysis.loads().stream().mapToDouble(Analysis.Load::millis);
    DoubleStream fleet =
        DoubleStream.concat(
            analysis.fleet().updates().stream().mapToDouble(u -> u.millis() - u.wallMs()),
            analysis.fleet().changes().stream().mapToDouble(FleetHistory.Change::millis));
    double first =
        Stream.of(calls, moments, begun, loads, fleet)
            .flatMapToDouble(times -> times)
            .filter(Double::isFinite)
            .min()
            .orElseThrow(
                () ->
                    new AnalysisException(
                        "no event with a time in these logs: expected tagged lines whose prefix has"
                            + " the time of day"));
    return new TraceAxis(first);
  }

  private static double start(Analysis.Moment moment, RecordedMetrics metrics) {
    return switch (moment.metric()) {
      case WAIT, BATCH -> moment.millis() - moment.value();
      case WRITE ->
          moment.millis()
              - moment.value()
              - metrics.step(moment.step()).map(RecordedMetrics.Step::beforeWriteMs).orElse(0.0);
      default -> moment.millis();
    };
  }

  long nanos(double millis) {
    return Math.round((millis - originMillis) * NANOS_PER_MS);
  }

  static long length(double ms) {
    return Math.round(ms * NANOS_PER_MS);
  }
}
