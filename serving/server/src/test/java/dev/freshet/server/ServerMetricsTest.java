package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.client.AdminException;
import dev.freshet.client.Call;
import dev.freshet.engine.Fixture;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.UpdateMode;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_36_2.Metrics.Histogram;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_36_2.Metrics.MetricFamily;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The metrics page of a server with a small real model, scraped over the loopback. */
@Timeout(120)
class ServerMetricsTest {
  private static final String PROTOBUF =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  private static final String UPDATES = "{op=\"update_weights\",phase=\"all\"}";

  @AutoClose private final ModelServer fixture = new ModelServer();

  @TempDir Path dir;

  private ScrapedPage scrape() throws IOException, InterruptedException {
    return ScrapedPage.of(fixture.server.adminUrl());
  }

  /** Scrapes until a series has a value, because it may be counted after the answer. */
  private ScrapedPage scrapeAt(String series, double value) throws Exception {
    ScrapedPage page = scrape();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!page.has(series) || page.value(series) != value) {
      if (System.nanoTime() > end) {
        throw new AssertionError("%s is not %s in%n%s".formatted(series, value, page.text()));
      }
      page = scrape();
    }
    return scrape(); // The page above may have been made before the other series were counted.
  }

  private Map<String, MetricFamily> scrapeProtobuf() throws IOException, InterruptedException {
    HttpResponse<byte[]> answer =
        ScrapedPage.get(fixture.server.adminUrl(), "/metrics", "accept", PROTOBUF);
    assertThat(answer.headers().firstValue("content-type").orElseThrow())
        .startsWith("application/vnd.google.protobuf");
    Map<String, MetricFamily> families = new HashMap<>();
    InputStream bytes = new ByteArrayInputStream(answer.body());
    for (MetricFamily family = MetricFamily.parseDelimitedFrom(bytes);
        family != null;
        family = MetricFamily.parseDelimitedFrom(bytes)) {
      families.put(family.getName(), family);
    }
    return families;
  }

  private List<Call> start(int count, int tokens) {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      CompletionRequest request =
          CompletionRequest.tokens(i + 3, 7, 9).maxTokens(tokens).ignoreEos(true).build();
      calls.add(fixture.client.start(fixture.server.dataUrl(), request, Duration.ofSeconds(60)));
    }
    return calls;
  }

  private static void await(List<Call> calls) throws Exception {
    for (Call call : calls) {
      var _ = call.result().get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void aPageBeforeAnyTrafficHasZerosAndTheEngineState() throws Exception {
    ScrapedPage page = scrape();

    assertThat(page.value("freshet_generated_tokens_total")).isZero();
    assertThat(page.value("freshet_decode_step_seconds_count")).isZero();
    assertThat(page.value("freshet_server_rpc_seconds_count" + UPDATES)).isZero();
    assertThat(page.value("freshet_streams_open")).isZero();
    assertThat(page.value("freshet_engine_policy_version")).isZero();
    assertThat(page.value("freshet_engine_paused")).isZero();
    assertThat(page.text()).contains("jvm_threads_current").doesNotContain("NaN");
  }

  @Test
  void everyTokenAndItsTimesAreCounted() throws Exception {
    await(start(6, 40));

    ScrapedPage page = scrapeAt("freshet_completions_total{finish_reason=\"length\"}", 6);

    assertThat(page.value("freshet_generated_tokens_total")).isEqualTo(6 * 40);
    assertThat(page.value("freshet_prompt_tokens_total")).isEqualTo(6 * 3);
    assertThat(page.value("freshet_inter_token_seconds_count")).isEqualTo(6 * 39);
    assertThat(page.value("freshet_inter_token_seconds_bucket{le=\"+Inf\"}")).isEqualTo(6 * 39);
    assertThat(page.value("freshet_time_to_first_token_seconds_count")).isEqualTo(6);
    assertThat(page.value("freshet_decode_step_seconds_count")).isBetween(39.0, 6.0 * 39);
    assertThat(page.value("freshet_prefill_seconds_count")).isBetween(2.0, 6.0);
    assertThat(page.value("freshet_streams_open")).isZero();
    // Between two tokens of each of the four completions lies at least one whole step.
    assertThat(page.value("freshet_inter_token_seconds_sum"))
        .isGreaterThan(page.value("freshet_decode_step_seconds_sum"));
  }

  @Test
  void openStreamsAreCountedAndCancelledOnesAsGone() throws Exception {
    List<Call> calls = start(7, 250);
    ScrapedPage during = scrapeAt("freshet_streams_open", 7);
    assertThat(during.value("freshet_completions_running")).isLessThanOrEqualTo(4);
    calls.forEach(Call::cancel);

    ScrapedPage after = scrapeAt("freshet_streams_open", 0);

    assertThat(after.value("freshet_completions_total{finish_reason=\"gone\"}"))
        .isGreaterThanOrEqualTo(1);
  }

  @Test
  void updatesAreCountedWithTheTimesOfTheirAnswersAndLogLines() throws Exception {
    List<AdminTimings> timings = new ArrayList<>();
    for (long step = 1; step <= 3; step++) {
      Path checkpoint = Fixture.perturbed(dir, step, LLAMA, 0.01);
      timings.add(
          fixture
              .admin
              .updateWeights(checkpoint, step, UpdateMode.KEEP, TraceId.random())
              .timings());
    }

    ScrapedPage page = scrapeAt("freshet_decode_stall_seconds_count{op=\"update_weights\"}", 3);

    assertThat(page.value("freshet_server_rpc_seconds_count" + UPDATES)).isEqualTo(3);
    assertThat(1e3 * page.value("freshet_server_rpc_seconds_sum" + UPDATES))
        .isCloseTo(sum(timings, t -> t.rpcMs().orElseThrow()), within(1e-6));
    assertThat(1e3 * page.value("freshet_server_rpc_seconds_sum" + UPDATES))
        .isCloseTo(loggedRpcMs(), within(0.05 * 3 + 1e-6));
    assertThat(1e3 * page.value("freshet_server_handler_seconds_sum" + UPDATES))
        .isCloseTo(sum(timings, t -> t.ms(UpdatePart.HANDLER).orElseThrow()), within(0.01));
    assertThat(1e3 * page.value("freshet_decode_stall_seconds_sum{op=\"update_weights\"}"))
        .isCloseTo(sum(timings, t -> t.stallMs().orElseThrow()), within(0.01));
    for (String part :
        List.of("prepare", "map", "fault", "verify", "build", "wait_step", "swap", "recompute")) {
      String labels = "{op=\"update_weights\",part=\"%s\"}".formatted(part);
      assertThat(page.value("freshet_server_part_seconds_count" + labels)).isEqualTo(3);
      assertThat(1e3 * page.value("freshet_server_part_seconds_sum" + labels))
          .as(part)
          .isCloseTo(sum(timings, t -> phase(t, part)), within(0.01));
    }
    assertThat(page.value("freshet_engine_policy_version")).isEqualTo(3);
  }

  private static double phase(AdminTimings timings, String part) {
    Double ms = timings.phases().byWireName().get(part + "_ms");
    if (ms == null) {
      throw new AssertionError(part + " is not in " + timings.phases());
    }
    return ms;
  }

  private static double sum(List<AdminTimings> timings, ToDoubleFunction<AdminTimings> figure) {
    return timings.stream().mapToDouble(figure).sum();
  }

  private double loggedRpcMs() {
    return fixture.log.stream()
        .filter(line -> line.contains("] rpc.done "))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll(".* rpc_ms=([0-9.]+).*", "$1")))
        .sum();
  }

  @Test
  void anUpdateThatFailsIsCountedAsAFailureAndInNoHistogram() throws Exception {
    assertThatThrownBy(
            () ->
                fixture.admin.updateWeights(
                    dir.resolve("step_9"), 9, UpdateMode.KEEP, TraceId.random()))
        .isInstanceOf(AdminException.class);

    ScrapedPage page = scrapeAt("freshet_server_failures_total" + UPDATES, 1);

    assertThat(page.value("freshet_server_rpc_seconds_count" + UPDATES)).isZero();
  }

  @Test
  void protobufHasTheSameCountsInNativeAndInClassicBuckets() throws Exception {
    await(start(4, 30));
    var _ = scrapeAt("freshet_completions_total{finish_reason=\"length\"}", 4);

    Map<String, MetricFamily> families = scrapeProtobuf();

    MetricFamily tokens = family(families, "freshet_inter_token_seconds");
    Histogram histogram = tokens.getMetric(0).getHistogram();
    assertThat(histogram.getSampleCount()).isEqualTo(4 * 29);
    assertThat(histogram.getSchema()).isEqualTo(3);
    assertThat(nativeCount(histogram) + histogram.getZeroCount()).isEqualTo(4 * 29);
    assertThat(histogram.getBucket(histogram.getBucketCount() - 1).getCumulativeCount())
        .isEqualTo(4 * 29);
    assertThat(family(families, "freshet_generated_tokens_total").getMetric(0).getCounter())
        .satisfies(counter -> assertThat(counter.getValue()).isEqualTo(4 * 30));
  }

  private static MetricFamily family(Map<String, MetricFamily> families, String name) {
    MetricFamily family = families.get(name);
    if (family == null) {
      throw new AssertionError("no %s among %s".formatted(name, families.keySet()));
    }
    return family;
  }

  /** The native buckets' counts are differences from the one before. */
  private static long nativeCount(Histogram histogram) {
    long total = 0;
    long count = 0;
    for (long delta : histogram.getPositiveDeltaList()) {
      count += delta;
      total += count;
    }
    return total;
  }

  @Test
  void theEnginesIdleTimeGrowsWithoutWork() throws Exception {
    double before = scrape().value("freshet_engine_time_seconds_total{state=\"idle\"}");

    double after = scrape().value("freshet_engine_time_seconds_total{state=\"idle\"}");

    assertThat(before).isPositive();
    assertThat(after).isGreaterThan(before);
  }
}
