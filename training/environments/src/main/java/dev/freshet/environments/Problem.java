package dev.freshet.environments;

/**
 * One problem of an environment.
 *
 * @param split the set it belongs to
 * @param index its number in that set
 * @param text what distinguishes it, as the environment writes it
 */
public record Problem(Split split, long index, String text) {}
