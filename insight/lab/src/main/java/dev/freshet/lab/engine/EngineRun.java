package dev.freshet.lab.engine;

import dev.freshet.lab.ProcessFigures;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a benchmark of engines measured.
 *
 * @param model the checkpoint
 * @param dtype the type that the first server computes in, if it is known
 * @param threads libtorch's threads in the first server, if they are known
 * @param servers names of the measured servers, one or two
 * @param batches for each batch the figures of each server
 * @param memory the first server's process after the last round, if the benchmark started it
 */
public record EngineRun(
    String model,
    Optional<String> dtype,
    OptionalInt threads,
    EngineLoad load,
    List<String> servers,
    List<List<BatchFigures>> batches,
    Optional<ProcessFigures> memory) {}
