package dev.freshet.lab.front;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.StreamRoute;
import java.util.Optional;

/**
 * Figures of one number of streams of a route.
 *
 * @param eventsPerS events received a second
 * @param bytesPerEvent bytes on the wire, including HTTP framing
 * @param cpuPerMillion seconds of processor time of the measured process per million events
 * @param residentMb its resident memory at the end of the window, in MiB
 * @param peakMb its peak resident memory since it started, in MiB
 * @param queueMs queue_ms of the concurrent weight updates
 * @param rpcMs rpc_ms of the updates
 * @param wallMs wall_ms of the updates
 * @param errors streams and updates that failed
 * @param firstError the error of the first of them
 */
public record FrontFigures(
    StreamRoute route,
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
