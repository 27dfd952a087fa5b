package dev.freshet.cli;

import dev.freshet.environments.EnvironmentConfig;
import dev.freshet.http.HttpConfig;
import dev.freshet.model.ModelShape;
import dev.freshet.orchestrator.OrchestratorConfig;
import dev.freshet.process.RunConfig;
import dev.freshet.process.TelemetryConfig;
import dev.freshet.router.RouterConfig;
import dev.freshet.server.InferenceConfig;
import dev.freshet.trainer.SftConfig;
import dev.freshet.trainer.TrainerConfig;

/**
 * The configuration of a run: one component a section of the TOML file. Each section is declared in
 * the room that it configures; this record checks what spans sections. The defaults train a small
 * decoder to reverse text in minutes on two cores.
 */
public record FreshetConfig(
    RunConfig run,
    ModelShape model,
    EnvironmentConfig environment,
    SftConfig sft,
    InferenceConfig inference,
    OrchestratorConfig orchestrator,
    TrainerConfig trainer,
    RouterConfig router,
    HttpConfig http,
    TelemetryConfig telemetry) {
  public FreshetConfig {
    if (model.path().isEmpty() && environment.reverses()) { // A token is a character then.
      int needed = environment.maxPromptTokens() + orchestrator.maxTokens();
      String texts = "texts of environment.max_length and orchestrator.max_tokens";
      atLeast("trainer.packLength", trainer.packLength(), needed, texts);
      atLeast("inference.maxModelLen", inference.engine().maxModelLen(), needed, texts);
      atLeast("model.maxPositions", model.maxPositions(), needed, texts);
      atLeast(
          "orchestrator.maxTokens", orchestrator.maxTokens(), environment.maxAnswerTokens(), texts);
    }
    if (orchestrator.primeRl().isOn()) {
      atLeast(
          "orchestrator.primeRl.seqLen",
          orchestrator.primeRl().seqLen(),
          trainer.packLength(),
          "rollouts of trainer.pack_length tokens");
    }
    // The trainer may be async_level + 1 steps ahead of the version that is served, and a slow
    // server may still have to load that version or the one after it.
    atLeast(
        "trainer.keepWeights",
        trainer.keepWeights(),
        orchestrator.asyncLevel() + 2,
        "orchestrator.async_level %d: a step must stay on disk until every server has loaded it"
            .formatted(orchestrator.asyncLevel()));
  }

  private static void atLeast(String key, int value, int needed, String reason) {
    if (value < needed) {
      throw new IllegalArgumentException(
          "%s: expected at least %d, for %s".formatted(key, needed, reason));
    }
  }
}
