package dev.freshet.environments;

/**
 * A prompt and the right answer to it.
 *
 * @param prompt token ids
 * @param target token ids, the ending token included
 */
public record SupervisedPair(int[] prompt, int[] target) {}
