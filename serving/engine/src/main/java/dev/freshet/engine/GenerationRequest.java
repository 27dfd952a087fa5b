package dev.freshet.engine;

import java.util.OptionalLong;
import java.util.Set;

/**
 * One completion to generate. The engine knows only tokens; the server handles stop strings.
 *
 * @param prompt token ids, at least one, all inside the vocabulary
 * @param maxTokens the most tokens to generate, at least 1
 * @param temperature 0 for greedy, else the divisor of the logits
 * @param topP nucleus mass in (0, 1]
 * @param topK how many of the most likely tokens to sample from; 0 for all
 * @param seed makes the sampling of this completion reproducible
 * @param stopTokens tokens that end the completion; the ending token is part of it
 * @param topLogprobs how many of the most likely tokens to report for each generated token
 */
public record GenerationRequest(
    int[] prompt,
    int maxTokens,
    double temperature,
    double topP,
    int topK,
    OptionalLong seed,
    Set<Integer> stopTokens,
    int topLogprobs) {}
