package dev.freshet.orchestrator;

/**
 * A prompt and an answer to learn from.
 *
 * @param prompt token ids
 * @param target token ids, the ending token included
 */
public record SupervisedPair(int[] prompt, int[] target) {}
