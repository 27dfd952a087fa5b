package dev.freshet.analysis.timeline;

/** Where slices are drawn; no two tracks of a trace have the same {@code tid}. */
record Track(int pid, int tid) {}
