package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.InferenceConfig;
import dev.freshet.server.InferenceServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.spans.Span;
import dev.freshet.trace.spans.SpanLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small run whose spans are sent to a collector, which is the only thing that is not real. */
class SpansOfARunTest {
  private static final int STEPS = 4;
  private static final int INTERNAL = 1;
  private static final int SERVER = 2;
  private static final int CLIENT = 3;

  @TempDir static Path dir;

  private static final List<ReceivedSpans.Received> SPANS =
      Collections.synchronizedList(new ArrayList<>());
  private static CommandLineRun ended = new CommandLineRun(-1, "", "");

  private static HttpServer collector;

  @BeforeAll
  static void run() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext(
        "/v1/traces",
        exchange -> {
          SPANS.addAll(ReceivedSpans.of(exchange.getRequestBody().readAllBytes()));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    collector.start();
    ended =
        CommandLineRun.of(
            CommandLineRun.small(
                "run",
                dir,
                "--run.steps=" + STEPS,
                "--sft.steps=5",
                "--telemetry.otlp_endpoint=http://127.0.0.1:" + collector.getAddress().getPort()));
  }

  @AfterAll
  static void stop() {
    collector.stop(0);
  }

  private static List<ReceivedSpans.Received> spans(int kind) {
    return SPANS.stream().filter(span -> span.kind() == kind).toList();
  }

  @Test
  void everyUpdateIsASpanOfTheOrchestratorsWithTheServersWithinIt() throws IOException {
    assertThat(ended.err()).isEmpty();
    assertThat(ended.exitCode()).isZero();
    String log = Files.readString(dir.resolve("logs/orchestrator.log"));
    assertThat(spans(CLIENT))
        .hasSize(STEPS)
        .allSatisfy(
            span -> {
              assertThat(span.service()).isEqualTo("freshet-orchestrator");
              assertThat(span.name()).isEqualTo("update_weights");
              assertThat(span.parent()).isEmpty();
              assertThat(span.traceId()).startsWith("0000000000000000");
              assertThat(log)
                  .contains("[weights][%s] client.done".formatted(span.traceId().substring(16)));
            });
    Map<String, ReceivedSpans.Received> clients = byId(spans(CLIENT));
    assertThat(spans(SERVER))
        .hasSize(STEPS)
        .allSatisfy(
            span -> {
              assertThat(span.service()).isEqualTo("freshet-inference");
              assertThat(clients).containsKey(span.parent());
              assertThat(clients.get(span.parent()))
                  .extracting(ReceivedSpans.Received::traceId)
                  .isEqualTo(span.traceId());
            });
  }

  @Test
  void everyPhaseLiesWithinItsParentOfTheSameRole() {
    Map<String, ReceivedSpans.Received> all = byId(SPANS);
    for (String phase : List.of("connect", "answer", "rpc", "prepare", "map", "build", "swap")) {
      assertThat(SPANS).filteredOn(span -> span.name().equals(phase)).as(phase).hasSize(STEPS);
    }
    assertThat(spans(INTERNAL))
        .allSatisfy(
            span -> {
              ReceivedSpans.Received parent = all.get(span.parent());
              assertThat(parent).as("parent of %s", span).isNotNull();
              if (parent != null) {
                assertThat(span.service()).isEqualTo(parent.service());
                assertThat(span.traceId()).isEqualTo(parent.traceId());
                assertThat(span.start()).isBetween(parent.start() - 1000, parent.end() + 1000);
                assertThat(span.end())
                    .as("%s in %s", span, parent)
                    .isLessThanOrEqualTo(parent.end() + 2_000);
              }
            });
    assertThat(SPANS)
        .filteredOn(span -> span.name().equals("swap"))
        .allSatisfy(
            span ->
                assertThat(all.get(span.parent()))
                    .extracting(ReceivedSpans.Received::name)
                    .isEqualTo("pause"));
  }

  private static Map<String, ReceivedSpans.Received> byId(List<ReceivedSpans.Received> spans) {
    return spans.stream()
        .collect(Collectors.toMap(ReceivedSpans.Received::spanId, Function.identity()));
  }

  @Test
  void aServerThatIsCalledWithATraceparentAloneContinuesThatTrace() throws Exception {
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    List<Span> emitted = Collections.synchronizedList(new ArrayList<>());
    EventLog events =
        new EventLog(lines::add, MonotonicClock.SYSTEM)
            .withSpans(
                new SpanLog(
                    "inference", MonotonicClock.SYSTEM, InstantSource.system(), emitted::add));
    try (InferenceServer server =
            InferenceServer.start(
                dir.resolve("weights/step_0"),
                ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
                HttpConfig.DEFAULT,
                events,
                new MetricsRegistry(),
                Optional.empty());
        HttpClient http = HttpClient.newHttpClient()) {
      URI url = server.adminUrl().resolve("/reload_weights");
      HttpRequest reload =
          HttpRequest.newBuilder(url)
              .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
              .POST(HttpRequest.BodyPublishers.ofString("{}"))
              .build();

      HttpResponse<String> answer = http.send(reload, HttpResponse.BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("a3ce929d0e0e4736");
    }
    assertThat(lines).anyMatch(line -> line.startsWith("[weights][a3ce929d0e0e4736] rpc.done"));
    assertThat(emitted)
        .allSatisfy(
            span -> assertThat(span.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736"))
        .filteredOn(span -> span.kind() == Span.Kind.SERVER)
        .extracting(Span::name, Span::parentSpanId)
        .containsExactly(Tuple.tuple("reload_weights", "00f067aa0ba902b7"));
  }
}
