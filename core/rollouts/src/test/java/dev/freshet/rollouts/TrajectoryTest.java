package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrajectoryTest {
  @Test
  void turnsAreAppendedToTheSameTokens() {
    Trajectory.Builder builder = new Trajectory.Builder().observe(new int[] {1, 2});
    builder.generate(new int[] {3, 4}, new float[] {-0.5f, -1f}, new int[] {7, 8});
    assertThat(builder.tokenIds()).containsExactly(1, 2, 3, 4);
    builder.observe(new int[] {5}).generate(new int[] {6}, new float[] {0f}, new int[] {9});

    Trajectory trajectory = builder.build();

    assertThat(trajectory)
        .isEqualTo(
            new Trajectory(
                new int[] {1, 2, 3, 4, 5, 6},
                new boolean[] {false, false, true, true, false, true},
                new float[] {0, 0, -0.5f, -1f, 0, 0},
                new int[] {-1, -1, 7, 8, -1, 9}));
    assertThat(trajectory.length()).isEqualTo(6);
    assertThat(trajectory.generatedCount()).isEqualTo(3);
  }

  @Test
  void aBuilderGrowsToAnyLengthAndLaterTurnsDoNotChangeABuiltTrajectory() {
    Trajectory.Builder builder = new Trajectory.Builder();
    for (int i = 0; i < 1000; i++) {
      builder.observe(new int[] {i}).generate(new int[] {i}, new float[] {-i}, new int[] {i});
    }
    Trajectory built = builder.build();
    builder.observe(new int[] {5});

    assertThat(built.length()).isEqualTo(2000);
    assertThat(built.generatedCount()).isEqualTo(1000);
    assertThat(built.logprobs()[1999]).isEqualTo(-999f);
    assertThat(built.policyVersions()[1998]).isEqualTo(-1);
  }

  @Test
  void onlyTheTokensOfATurnWithInferredVersionsAreMarkedAsSynthesised() {
    Trajectory built =
        new Trajectory.Builder()
            .observe(new int[] {1, 2})
            .generate(new int[] {3}, new float[] {-1}, new int[] {4})
            .observe(new int[] {5})
            .generate(new int[] {6, 7}, new float[] {-1, -1}, new int[] {4, 5}, true)
            .build();

    assertThat(built.synthesised()).containsExactly(false, false, false, false, true, true);
    assertThat(built.synthesisedCount()).isEqualTo(2);
    assertThatThrownBy(
            () ->
                new Trajectory(
                    new int[1], new boolean[1], new float[1], new int[] {-1}, new boolean[] {true}))
        .hasMessageContaining("synthesised policy version -1, expected 0 and −1");
  }

  @Test
  void arraysOfDifferentLengthsAreRefused() {
    assertThatThrownBy(() -> new Trajectory(new int[2], new boolean[2], new float[1], new int[2]))
        .hasMessage(
            "trajectory of 2 tokens: 2 generated flags, 1 logprobs, 2 policy versions and 2 marks of synthesised ones, expected equal numbers");
    assertThatThrownBy(
            () -> new Trajectory.Builder().generate(new int[2], new float[2], new int[1]))
        .hasMessage("2 generated tokens: 2 logprobs and 1 policy versions, expected equal numbers");
  }

  @Test
  void aGeneratedTokenWithoutAUsableLogprobOrVersionIsRefused() {
    assertThatThrownBy(
            () ->
                new Trajectory.Builder()
                    .generate(new int[] {4}, new float[] {Float.NaN}, new int[] {1})
                    .build())
        .hasMessage(
            "token 0 (id 4, generated): logprob NaN and policy version 1, expected a finite one and 0 or above");
    assertThatThrownBy(
            () ->
                new Trajectory.Builder()
                    .generate(new int[] {4}, new float[] {-1}, new int[] {-1})
                    .build())
        .hasMessageContaining("policy version -1");
  }

  @Test
  void aTokenThatWasNotGeneratedMustHaveNoLogprobAndNoVersion() {
    assertThatThrownBy(
            () ->
                new Trajectory(
                    new int[] {4}, new boolean[] {false}, new float[] {-1}, new int[] {-1}))
        .hasMessageContaining("token 0 (id 4, not generated)");
    assertThatThrownBy(
            () ->
                new Trajectory(
                    new int[] {4}, new boolean[] {false}, new float[] {0}, new int[] {3}))
        .hasMessageContaining("expected 0 and −1");
  }

  @Test
  void aGroupHasAMeanRewardAndOnlyRolloutsOfItsOwn() {
    Group mixed = new Group("g", "p", 3, List.of(rollout("a", 0.25), rollout("b", 0.75)));

    assertThat(mixed.meanReward()).isEqualTo(0.5);
    assertThatThrownBy(() -> new Group("g", "p", 3, List.of()))
        .hasMessage("group 'g': no rollouts, expected one or more");
    assertThatThrownBy(() -> new Group("h", "p", 3, List.of(rollout("a", 1))))
        .hasMessage("group 'h': rollout 'a' has group id 'g', expected the group's own");
  }

  @Test
  void theRolloutsOfEachAgentAreAGroup() {
    Trajectory tokens = rollout("a", 1).trajectory();
    AgentRollout again = new AgentRollout("", 0.5, "stop", 1, List.of(tokens));
    AgentRollout solver = new AgentRollout("solver", -1, "length", 2, List.of(tokens, tokens));
    Group group =
        new Group(
            "g",
            "p",
            3,
            List.of(rollout("a", 0.25), rollout("b", 0.75)),
            Map.of("a", List.of(tokens)),
            Map.of("a", List.of(solver, again), "b", List.of(solver)));

    List<Group> agents = group.byAgent();

    assertThat(agents).extracting(Group::id).containsExactly("g", "g:solver");
    assertThat(agents.getFirst().rollouts())
        .extracting(Rollout::id)
        .containsExactly("a", "b", "a:3");
    assertThat(agents.getFirst().rewards()).containsExactly(0.25, 0.75, 0.5);
    assertThat(agents.getLast().rollouts())
        .extracting(Rollout::id, Rollout::reward, Rollout::finishReason, Rollout::turns)
        .containsExactly(tuple("a:2", -1.0, "length", 2), tuple("b:2", -1.0, "length", 2));
    assertThat(agents.getFirst().withBranches(agents.getFirst().rollouts().getFirst()))
        .extracting(Rollout::id)
        .containsExactly("a", "a.1");
    assertThat(agents.getLast().withBranches(agents.getLast().rollouts().getFirst()))
        .extracting(Rollout::id)
        .containsExactly("a:2", "a:2.1");
    assertThat(new Group("g", "p", 3, List.of(rollout("a", 1))).byAgent()).hasSize(1);
  }

  @Test
  void aRolloutIsTruncatedIfTheTokenLimitEndedIt() {
    Rollout stopped = rollout("a", 1);
    assertThat(stopped.truncated()).isFalse();
    assertThat(stopped.withAdvantage(0.5).advantage()).isEqualTo(0.5);
    assertThat(stopped.withAdvantage(0.5).withAdvantage(0)).isEqualTo(stopped);
    assertThat(
            new Rollout(
                    "a",
                    "g",
                    "e",
                    "p",
                    stopped.trajectory(),
                    1,
                    0,
                    "length",
                    1,
                    3,
                    SamplingDistribution.atTemperature(1))
                .truncated())
        .isTrue();
    assertThatThrownBy(() -> rollout("a", Double.NaN))
        .hasMessage("rollout 'a': reward NaN and advantage 0.0, expected finite numbers");
  }

  private static Rollout rollout(String id, double reward) {
    return new Rollout(
        id,
        "g",
        "reverse-text",
        "p",
        new Trajectory.Builder()
            .observe(new int[] {1})
            .generate(new int[] {2}, new float[] {-1}, new int[] {3})
            .build(),
        reward,
        0,
        "stop",
        1,
        3,
        SamplingDistribution.atTemperature(1));
  }
}
