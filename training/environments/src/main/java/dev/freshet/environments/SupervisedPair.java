package dev.freshet.environments;

/**
 * A prompt and the right answer to it.
 *
 * @param prompt token ids
 * @param target token ids, including the ending token
 */
public record SupervisedPair(int[] prompt, int[] target) {}
