package dev.freshet.dashboard;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.text.Tokenizer;
import java.nio.file.Path;

/**
 * The files of a run that a dashboard reads; they need not be there yet.
 *
 * @param run the run's directory, which contains its metrics
 * @param logs the directory of the roles' logs
 * @param options by which the logs are judged
 * @param tokenizer of the policy; its owner closes it after the dashboard
 */
public record RunFiles(
    Path run, Path logs, AnalyzeOptions options, BatchStore batches, Tokenizer tokenizer) {}
