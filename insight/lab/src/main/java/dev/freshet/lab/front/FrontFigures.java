package dev.freshet.lab.front;

import dev.freshet.analysis.Distribution;
import java.util.Optional;

/**
 * What a number of streams came to.
 *
 * @param eventsPerS events received a second
 * @param bytesPerEvent on the wire, HTTP's framing included
 * @param cpuPerMillion seconds of processor time of the measured process for a million events
 * @param residentMb its memory at the end of the window, in MiB
 * @param peakMb its most memory since it started, in MiB
 * @param queueMs what a weight update waited beside the streams: all that is not the engine's work
 * @param rpcMs the engine's work on it
 * @param wallMs all of it, as its client sees it
 * @param errors streams and updates that failed
 * @param firstError what the first of them failed with
 */
public record FrontFigures(
    int streams,
    double eventsPerS,
    double bytesPerEvent,
    double cpuPerMillion,
    double residentMb,
    double peakMb,
    Distribution queueMs,
    Distribution rpcMs,
    Distribution wallMs,
    long errors,
    Optional<String> firstError) {}
