package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.engine.Fixture;
import dev.freshet.engine.Fixture.Golden;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engine, server and clients together over the loopback, with a small real model. */
@Timeout(120)
class ServerTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @AutoClose private final ModelServer fixture = new ModelServer();

  @TempDir Path dir;

  @Test
  void textAndTokenIdsGiveTheGreedyContinuationsOfTransformers() throws Exception {
    for (Golden one : Fixture.golden(LLAMA)) {
      int[] expected = one.greedy().stream().mapToInt(Integer::intValue).toArray();
      for (CompletionRequestBuilder request :
          List.of(CompletionRequest.text(one.text()), CompletionRequest.tokens(one.prompt()))) {
        Completion completion = await(start(request.maxTokens(24)));

        assertThat(completion.tokenIds()).as(one.text()).containsExactly(expected);
        assertThat(completion.text()).isEqualTo(fixture.tokenizer.decode(expected, true));
        assertThat(completion.promptTokens()).isEqualTo(one.prompt().length);
        assertThat(completion.finishReason()).isEqualTo("length");
        assertThat(completion.policyVersions()).hasSize(24).containsOnly(0);
        for (int i = 0; i < 24; i++) {
          assertThat(Math.abs(completion.logprobs()[i] - one.logprobs().get(i))).isLessThan(1e-4);
        }
      }
    }
  }

  @Test
  void aCompletionThatSpansAnUpdateHasTokensOfBothVersions() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 5, LLAMA, 0.05);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      calls.add(start(CompletionRequest.tokens(i + 3, 7, 9).maxTokens(250)));
    }
    eventually(() -> calls.stream().anyMatch(call -> call.tokens() >= 10));

    AdminResult result =
        fixture.admin.updateWeights(checkpoint, 5, UpdateMode.KEEP, TraceId.random());

    assertThat(result.weightVersion()).isEqualTo("5");
    assertThat(fixture.admin.weightInfo().weightVersion()).isEqualTo("5");
    int spanning = 0;
    for (Call call : calls) {
      Completion completion = await(call);
      assertThat(completion.tokenIds()).hasSize(250);
      assertThat(completion.policyVersions()).hasSize(250).isSorted();
      List<Integer> versions =
          Arrays.stream(completion.policyVersions()).boxed().distinct().toList();
      assertThat(versions).isSubsetOf(0, 5);
      spanning += versions.size() == 2 ? 1 : 0;
    }
    assertThat(spanning).isBetween(1, 4);
    assertThat(await(start(CompletionRequest.tokens(4, 5).maxTokens(9))).policyVersions())
        .containsOnly(5);
    assertThat(fixture.log).anyMatch(line -> line.contains("client.done"));
  }

  @Test
  void aRefusedUpdateStatesItsReasonAndTheOldWeightsKeepServing() throws Exception {
    Path missing = dir.resolve("step_1");
    assertThatExceptionOfType(AdminException.class)
        .isThrownBy(
            () -> fixture.admin.updateWeights(missing, 1, UpdateMode.KEEP, TraceId.random()))
        .withMessageContaining(missing.toString());

    Golden one = Fixture.golden(LLAMA).getFirst();
    assertThat(await(start(CompletionRequest.tokens(one.prompt()).maxTokens(24))).tokenIds())
        .containsExactly(one.greedy().stream().mapToInt(Integer::intValue).toArray());
    assertThat(fixture.admin.weightInfo().weightVersion()).isEqualTo("0");
  }

  private Call start(CompletionRequestBuilder request) {
    return fixture.client.start(
        fixture.server.dataUrl(),
        request.temperature(0).ignoreEos(true).returnTokenIds(true).logprobs(0).build(),
        LONG);
  }

  private static Completion await(Call call) throws Exception {
    return call.result().get(60, TimeUnit.SECONDS);
  }
}
