package dev.freshet.analysis;

/** A metric whose distribution an analysis gives. */
public enum LogMetric {
  QUEUE("queue_ms", "ms"),
  RPC("rpc_ms", "ms"),
  RPC_RELOAD("rpc_reload_ms", "ms"),
  WALL("wall_ms", "ms"),
  WRITE("write_ms", "ms"),
  WAIT("wait_ms", "ms"),
  BATCH("dur_ms", "ms"),
  TRUNCATION("trunc_pct", "%"),
  STALENESS("staleness", "steps");

  private final String label;
  private final String unit;

  LogMetric(String label, String unit) {
    this.label = label;
    this.unit = unit;
  }

  /** Its name in logs and reports. */
  public String label() {
    return label;
  }

  public String unit() {
    return unit;
  }
}
