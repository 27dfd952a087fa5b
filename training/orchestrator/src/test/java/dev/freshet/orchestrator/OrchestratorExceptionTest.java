package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.EnvironmentException;
import dev.freshet.rollouts.BatchException;
import dev.freshet.weights.CheckpointException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class OrchestratorExceptionTest {
  static final List<RuntimeException> EXPECTED =
      List.of(
          new EnvironmentException("no such file"),
          new BatchException("no such file"),
          new CheckpointException("no such file"));

  @ParameterizedTest
  @FieldSource("EXPECTED")
  void anErrorOfAnotherRoomKeepsItsMessageAndIsTheCause(RuntimeException error) {
    for (Throwable thrown : List.of(error, new ExecutionException(error))) {
      assertThat(OrchestratorException.of(thrown)).hasMessage("no such file").hasCause(error);
    }
  }

  @Test
  void aFailureOfTheRunIsNotWrappedAgain() {
    OrchestratorException known = new OrchestratorException("known");
    assertThat(OrchestratorException.of(new ExecutionException(known))).isSameAs(known);
  }

  @Test
  void anyOtherErrorIsADefectWhoseClassIsNamedInOneLine() {
    assertThat(OrchestratorException.of(new IllegalStateException("a\nb")))
        .hasMessage("unexpected java.lang.IllegalStateException: a");
    assertThat(OrchestratorException.of(new StackOverflowError()))
        .hasMessage("unexpected java.lang.StackOverflowError: StackOverflowError");
  }
}
