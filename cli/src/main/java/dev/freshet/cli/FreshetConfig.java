package dev.freshet.cli;

import dev.freshet.environments.EnvironmentConfig;
import dev.freshet.model.ModelShape;
import dev.freshet.orchestrator.OrchestratorConfig;
import dev.freshet.process.RunConfig;
import dev.freshet.process.TelemetryConfig;
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
    TelemetryConfig telemetry) {
  public FreshetConfig {
    int needed = environment.maxPromptTokens() + orchestrator.maxTokens();
    atLeast("trainer.packLength", trainer.packLength(), needed);
    atLeast("inference.maxModelLen", inference.engine().maxModelLen(), needed);
    atLeast("model.maxPositions", model.maxPositions(), needed);
    atLeast("orchestrator.maxTokens", orchestrator.maxTokens(), environment.maxAnswerTokens());
  }

  private static void atLeast(String key, int value, int needed) {
    if (value < needed) {
      throw new IllegalArgumentException(
          "%s: expected at least %d, for texts of environment.max_length and orchestrator.max_tokens"
              .formatted(key, needed));
    }
  }
}
