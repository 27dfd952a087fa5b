package dev.freshet.environments;

/**
 * One problem of an environment.
 *
 * @param split the set it belongs to
 * @param index its number in that set
 * @param text the problem in the environment's own notation
 */
public record Problem(Split split, long index, String text) {}
