package dev.freshet.analysis.timeline;

import java.io.OutputStream;
import java.math.BigDecimal;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes a trace, event by event, in the JSON object form of the trace event format, which
 * ui.perfetto.dev and chrome://tracing open
 * (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). Takes times
 * and durations in nanoseconds since the trace's beginning and writes them in microseconds with
 * three decimals. A flow's event belongs to the innermost slice of its track at its time, of those
 * written before it. Does not close the stream.
 */
final class TraceWriter implements AutoCloseable {
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
  private static final int DECIMALS = 3;

  private final JsonGenerator out;
  private long events;

  /**
   * @param about properties of the whole trace
   */
  TraceWriter(OutputStream stream, Args about) {
    out = JSON.createGenerator(ObjectWriteContext.empty(), stream);
    out.writeStartObject();
    out.writeStringProperty("displayTimeUnit", "ms");
    values("otherData", about);
    out.writeArrayPropertyStart("traceEvents");
  }

  /** Events written so far. */
  long events() {
    return events;
  }

  /**
   * Names a process.
   *
   * @param sort the lowest is drawn first
   */
  void process(int pid, String name, int sort) {
    metadata("process_name", pid, 0, "name", name);
    metadata("process_sort_index", pid, 0, "sort_index", sort);
  }

  /** Names a track. */
  void track(Track track, String name, int sort) {
    metadata("thread_name", track.pid(), track.tid(), "name", name);
    metadata("thread_sort_index", track.pid(), track.tid(), "sort_index", sort);
  }

  private void metadata(String name, int pid, int tid, String key, Object value) {
    begin("M", name, pid);
    out.writeNumberProperty("tid", tid);
    values("args", Map.of(key, value));
    out.writeEndObject();
  }

  /** A slice with an end. */
  void slice(Track track, String category, String name, long start, long duration, Args args) {
    event("X", track, category, name, start);
    micros("dur", duration);
    values("args", args);
    out.writeEndObject();
  }

  /** A slice without an end. */
  void unended(Track track, String category, String name, long start, Args args) {
    event("B", track, category, name, start);
    values("args", args);
    out.writeEndObject();
  }

  /** Makes the last slice written that covers that time part of a flow. */
  void flow(Flow flow, Flow.Stand stand, Track track, long at) {
    event(stand.phase(), track, flow.category(), flow.name(), at);
    out.writeStringProperty("id", flow.id());
    if (stand == Flow.Stand.END) {
      out.writeStringProperty("bp", "e");
    }
    out.writeEndObject();
  }

  /** The value of a counter from a time on. */
  void counter(int pid, String name, long at, double value) {
    begin("C", name, pid);
    micros("ts", at);
    values("args", Map.of("value", value));
    out.writeEndObject();
  }

  private void event(String phase, Track track, String category, String name, long start) {
    begin(phase, name, track.pid());
    out.writeNumberProperty("tid", track.tid());
    out.writeStringProperty("cat", category);
    micros("ts", start);
  }

  private void begin(String phase, String name, int pid) {
    events++;
    out.writeStartObject();
    out.writeStringProperty("ph", phase);
    out.writeStringProperty("name", name);
    out.writeNumberProperty("pid", pid);
  }

  private void micros(String key, long nanos) {
    out.writeNumberProperty(key, BigDecimal.valueOf(nanos, DECIMALS));
  }

  private void values(String name, Args args) {
    values(name, args.values());
  }

  private void values(String name, Map<String, Object> values) {
    if (values.isEmpty()) {
      return;
    }
    out.writeObjectPropertyStart(name);
    values.forEach(
        (key, value) -> {
          switch (value) {
            case String text -> out.writeStringProperty(key, text);
            case Double figure -> out.writeNumberProperty(key, figure);
            case Number whole -> out.writeNumberProperty(key, whole.longValue());
            default -> throw new IllegalArgumentException(key + ": neither text nor number");
          }
        });
    out.writeEndObject();
  }

  /** Ends the trace. */
  @Override
  public void close() {
    out.writeEndArray();
    out.writeEndObject();
    out.close();
  }
}
