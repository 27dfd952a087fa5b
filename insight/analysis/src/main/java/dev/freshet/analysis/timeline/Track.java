package dev.freshet.analysis.timeline;

/** A track of slices. The {@code tid} is unique in the trace. */
record Track(int pid, int tid) {}
