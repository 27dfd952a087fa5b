package dev.freshet.inference;

/**
 * How one weight update went. Durations are milliseconds on the engine's clock.
 *
 * @param policyVersion the version now serving
 * @param prepareMs mapping, verifying and building the new weights, beside decoding
 * @param waitStepMs waiting for the decode step in progress to end
 * @param swapMs exchanging the reference between two decode steps: all that decoding is held for
 */
public record WeightUpdate(
    long policyVersion, double prepareMs, double waitStepMs, double swapMs) {}
