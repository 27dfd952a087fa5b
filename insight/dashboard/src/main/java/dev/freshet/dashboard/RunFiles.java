package dev.freshet.dashboard;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.text.Tokenizer;
import java.nio.file.Path;

/**
 * The files of a run that a dashboard reads; they need not exist yet.
 *
 * @param metrics {@code metrics.jsonl}
 * @param logs the directory of the roles' logs
 * @param options of the analysis of the logs
 * @param tokenizer of the policy; the caller closes it, after the dashboard
 */
public record RunFiles(
    Path metrics, Path logs, AnalyzeOptions options, BatchStore batches, Tokenizer tokenizer) {}
