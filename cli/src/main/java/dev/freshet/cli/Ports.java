package dev.freshet.cli;

/** The listeners of a server that only this process talks to. */
final class Ports {
  private Ports() {}

  /** The same server on any free ports. */
  static FreshetConfig.Inference free(FreshetConfig.Inference config) {
    return new FreshetConfig.Inference(
        config.host(),
        0,
        0,
        config.modelName(),
        config.maxSequences(),
        config.maxModelLen(),
        config.maxWaiting(),
        config.prefillTokens(),
        config.threads(),
        config.dtype());
  }
}
