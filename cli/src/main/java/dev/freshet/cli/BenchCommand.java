package dev.freshet.cli;

import picocli.CommandLine.Command;

/** {@code freshet bench}: the benchmarks. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measure parts of Freshet on this machine.",
    subcommands = {BenchFrontCommand.class, BenchSwapCommand.class})
final class BenchCommand {}
