package dev.freshet.lab.route;

/**
 * Figures of one front under one number of streams.
 *
 * @param name {@code direct} without a front
 * @param settledS seconds from the first event of the last stream until the streams were kept up
 *     with, which is when the measurement began; NaN if they were not within the time
 * @param keptUp whether they were kept up with while they were measured
 * @param eventsPerS events that the clients received a second
 * @param cpuPerMillion seconds of processor time of the front per million events; NaN for direct
 * @param residentMb its resident memory at the end, in MiB; NaN for direct
 * @param p50Ms median age of an event on arrival
 * @param p99Ms 99th percentile of that
 * @param cancelMs the longest time from the end of a client of a silent stream to the end of the
 *     replica's connection, of several; NaN if one was not noticed within two seconds
 * @param updates of the replicas through the front, beside the streams; none for a front that
 *     cannot
 * @param failed streams that failed
 */
public record RouteFigures(
    String name,
    int streams,
    double settledS,
    boolean keptUp,
    double eventsPerS,
    double cpuPerMillion,
    double residentMb,
    double p50Ms,
    double p99Ms,
    double cancelMs,
    UpdateTimes updates,
    int failed) {}
