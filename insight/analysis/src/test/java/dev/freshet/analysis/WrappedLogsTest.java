package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.SimulatedRun.Role;
import dev.freshet.analysis.SimulatedRun.Style;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A log has the same figures, findings and verdict in whatever form other programs write it. */
class WrappedLogsTest {
  private static final SimulatedRun RUN = run();
  private static final Analysis PLAIN = analyze(line -> line.at() + " INFO " + line.event() + "\n");

  private static SimulatedRun run() {
    SimulatedRun run = new SimulatedRun(11);
    run.styles.replaceAll((_, _) -> Style.FRESHET);
    run.gapMs = step -> step % 3 == 0 ? 9000 : 2;
    run.writeMs = _ -> run.about(1800);
    run.truncPct = _ -> run.about(14);
    return run.run();
  }

  /** A line and the time at which it was written. */
  private record Line(Instant at, String event) {
    /** Of a line of {@link Style#FRESHET}. */
    static Line of(String line) {
      String[] parts = line.split(" +", 4);
      return new Line(Instant.parse(parts[0]), parts[3]);
    }

    String time(String pattern) {
      return DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(at.atOffset(ZoneOffset.UTC));
    }

    long millis() {
      return at.toEpochMilli();
    }
  }

  /** A text as a JSON string. */
  private static String json(String text) {
    return "\""
        + text.replace("\\", "\\\\")
            .replace("\"", "\\\"")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
            .replace("\u001b", "\\u001b")
        + "\"";
  }

  private static List<Line> lines(Role role) {
    return Objects.requireNonNull(RUN.lines.get(role)).stream().map(Line::of).toList();
  }

  private static String log(Role role, Function<Line, String> form) {
    return lines(role).stream().map(form).collect(Collectors.joining());
  }

  private static Analysis analyze(Function<Line, String> form) {
    return analyze(
        log(Role.ORCHESTRATOR, form), log(Role.INFERENCE, form), log(Role.TRAINER, form));
  }

  private static Analysis analyze(String... logs) {
    return AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), logs);
  }

  private static void assertSame(Analysis wrapped) {
    assertThat(wrapped.stats()).isEqualTo(PLAIN.stats());
    assertThat(wrapped.verdict()).isEqualTo(PLAIN.verdict());
    assertThat(AnalyzedLogs.grave(wrapped)).isEqualTo(AnalyzedLogs.grave(PLAIN));
    assertThat(wrapped.counts()).isEqualTo(PLAIN.counts());
  }

  /** With the highlighting of rich: brackets, names and figures in colors of their own. */
  private static String rich(String event) {
    return event
        .replaceAll("\\[([a-z0-9]+)\\]", "\u001b[1m[\u001b[0m$1\u001b[1m]\u001b[0m")
        .replaceAll("([a-z_]+)=(\\S+)", "\u001b[33m$1\u001b[0m=\u001b[1;36m$2\u001b[0m");
  }

  private static String bytes(String text) {
    List<String> numbers = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      numbers.add(Integer.toString(b & 0xff));
    }
    return "[" + String.join(",", numbers) + "]";
  }

  private static Map<String, Function<Line, String>> jsonForms() {
    Map<String, Function<Line, String>> forms = new LinkedHashMap<>();
    forms.put(
        "python-json-logger",
        l ->
            "{\"timestamp\":\"%s\",\"message\":%s,\"module\":\"client\"}%n"
                .formatted(l.at(), json(l.event())));
    forms.put(
        "docker json-file",
        l ->
            "{\"log\":%s,\"stream\":\"stderr\",\"time\":\"%s\"}%n"
                .formatted(json(l.event() + "\n"), l.time("yyyy-MM-dd'T'HH:mm:ss.SSS'000000Z'")));
    forms.put(
        "journalctl -o json",
        l ->
            "{\"MESSAGE\":%s,\"PRIORITY\":\"6\",\"__REALTIME_TIMESTAMP\":\"%d000\",\"__MONOTONIC_TIMESTAMP\":\"881000\"}%n"
                .formatted(json(l.event()), l.millis()));
    forms.put(
        "journalctl -o json, a message in bytes",
        l ->
            "{ \"__REALTIME_TIMESTAMP\" : \"%d000\", \"MESSAGE\" : %s, \"_PID\" : \"7\" }%n"
                .formatted(l.millis(), bytes(rich(l.event()))));
    forms.put(
        "JSON in JSON in JSON",
        l ->
            "{\"log\":%s}%n"
                .formatted(
                    json(
                        "{\"msg\":%s,\"ts\":%d}%n"
                            .formatted(
                                json("{\"event\":%s}".formatted(json(l.event()))), l.millis()))));
    forms.put(
        "JSON in a pod's log",
        l ->
            "%s stderr F {\"time\":\"%s\",\"msg\":%s}%n"
                .formatted(l.time("yyyy-MM-dd'T'HH:mm:ss.SSS'123456Z'"), l.at(), json(l.event())));
    forms.put(
        "loguru serialize",
        l ->
            "{\"text\": %s, \"record\": {\"elapsed\": {\"repr\": \"11:00:00.004474\", \"seconds\": 0.004}, \"exception\": null, \"level\": {\"icon\": \"ℹ️\", \"no\": 20}, \"message\": %s, \"time\": {\"repr\": \"%s\", \"timestamp\": %.3f}}}%n"
                .formatted(
                    json(
                        l.time("yyyy-MM-dd HH:mm:ss.SSS")
                            + " | INFO | a:b:9 - "
                            + l.event()
                            + "\n"),
                    json(l.event()),
                    l.time("yyyy-MM-dd HH:mm:ss.SSS'000+00:00'"),
                    l.millis() / 1e3));
    forms.put(
        "structlog",
        l ->
            "{\"level\": \"info\", \"event\": %s, \"timestamp\": \"%s\"}%n"
                .formatted(json(l.event()), l.at()));
    forms.put(
        "ECS",
        l ->
            "{\"@timestamp\":\"%s\",\"log\":{\"level\":\"info\",\"original\":%s},\"message\":%s}%n"
                .formatted(l.at(), json(l.event()), json(l.event())));
    forms.put(
        "Cloud Logging",
        l ->
            "{\"jsonPayload\":{\"message\":%s},\"receiveTimestamp\":\"2031-01-01T00:00:00Z\",\"timestamp\":\"%s\"}%n"
                .formatted(json(l.event()), l.at()));
    forms.put(
        "CloudWatch",
        l ->
            "{\"timestamp\": %d, \"message\": %s, \"ingestionTime\": %d}%n"
                .formatted(l.millis(), json(l.event()), l.millis() + 4000));
    forms.put(
        "Loki",
        l ->
            "{\"stream\":{\"pod\":\"x\"},\"values\":[[\"%d000000\",%s]]}%n"
                .formatted(l.millis(), json(l.event())));
    forms.put(
        "log4j2 JsonLayout",
        l ->
            "{\"instant\":{\"epochSecond\":%d,\"nanoOfSecond\":1},\"message\":%s,\"timeMillis\":%d}%n"
                .formatted(l.millis() / 1000, json(l.event()), l.millis()));
    forms.put(
        "colors in JSON",
        l ->
            "{\"time\":\"%s\",\"msg\":%s}%n"
                .formatted(l.at(), json("\u001b[32mINFO\u001b[0m " + rich(l.event()))));
    forms.put(
        "colors in JSON in JSON",
        l ->
            "{\"time\":\"%s\",\"log\":%s}%n"
                .formatted(
                    l.at(),
                    json("{\"msg\":" + json(rich(l.event())).replace("u001b", "u001B") + "}")));
    forms.put(
        "a JSON text sequence",
        l -> "\u001e{\"time\":\"%s\",\"m\":%s}%n".formatted(l.at(), json(l.event())));
    forms.put(
        "server-sent events of journald",
        l ->
            "data: {\"MESSAGE\":%s,\"__REALTIME_TIMESTAMP\":\"%d000\"}%n%n"
                .formatted(json(l.event()), l.millis()));
    return forms;
  }

  private static Map<String, Function<Line, String>> textForms() {
    Map<String, Function<Line, String>> forms = new LinkedHashMap<>();
    forms.put(
        "vLLM",
        l ->
            "(EngineCore_DP0 pid=116936) INFO %s [gpu_worker.py:298] %s%n"
                .formatted(l.time("MM-dd HH:mm:ss.SSS"), l.event()));
    forms.put(
        "SGLang", l -> "[%s TP0] %s%n".formatted(l.time("yyyy-MM-dd HH:mm:ss.SSS"), l.event()));
    forms.put(
        "prime-rl",
        l ->
            "\u001b[2m%s\u001b[0m \u001b[1m   INFO\u001b[0m \u001b[1m%s\u001b[0m%n"
                .formatted(l.time("HH:mm:ss.SSS"), l.event()));
    forms.put(
        "verl and OpenRLHF on Ray",
        l ->
            "\u001b[36m(TaskRunner pid=12345, ip=10.0.0.2)\u001b[0m %s %s\u001b[32m [repeated 3x across cluster] (Ray deduplicates logs by default.)\u001b[0m%n"
                .formatted(l.time("yyyy-MM-dd HH:mm:ss,SSS"), l.event()));
    forms.put("torchrun", l -> "[default0]:[rank0]:%s - %s%n".formatted(l.at(), l.event()));
    forms.put("srun --label", l -> " 0: %s %s%n".formatted(l.at(), l.event()));
    forms.put("mpirun --output tag", l -> "[1,0]<stdout>: %s %s%n".formatted(l.at(), l.event()));
    forms.put(
        "journalctl -o short-iso-precise",
        l ->
            "%s node7 orchestrator[812]: %s%n"
                .formatted(l.time("yyyy-MM-dd'T'HH:mm:ss.SSS'000+0000'"), l.event()));
    forms.put(
        "kubectl logs --prefix --timestamps",
        l -> "[pod/trainer-0/main] %s %s%n".formatted(l.at(), l.event()));
    forms.put("docker compose", l -> "trainer-1  | %s %s%n".formatted(l.at(), l.event()));
    forms.put(
        "CRI",
        l -> "%s stdout F %s%n".formatted(l.time("yyyy-MM-dd'T'HH:mm:ss.SSS'123456Z'"), l.event()));
    forms.put(
        "logfmt",
        l -> "time=\"%s\" level=info msg=\"%s\" module=client%n".formatted(l.at(), l.event()));
    forms.put("CSV", l -> "\"%s\",\"INFO\",\"%s\"%n".formatted(l.at(), l.event()));
    forms.put(
        "the representation of a Python dict",
        l -> "{'time': '%s', 'msg': '%s'}%n".formatted(l.at(), l.event()));
    forms.put(
        "broken JSON",
        l -> "{\"time\":\"%s\",\"msg\":\"%s\\n\",\"user\":\"x%n".formatted(l.at(), l.event()));
    forms.put("XML", l -> "<e t=\"%s\">%s</e>%n".formatted(l.at(), l.event()));
    forms.put("rich", l -> "[%s] INFO %s%n".formatted(l.at(), rich(l.event())));
    forms.put(
        "a hyperlink",
        l ->
            "%s \u001b]8;;file:///x/y.py#9\u001b\\y.py\u001b]8;;\u001b\\ %s \u001b]8;id=7;http://h/\u0007z:9\u001b]8;;\u0007%n"
                .formatted(l.at(), l.event()));
    forms.put(
        "a progress bar",
        l ->
            "\r 45%%|████▌     | 45/100 [00:12<00:14,  3.7it/s]\r%s %s\r 46%%|████▌     | 46/100 [00:12<00:14]%n"
                .formatted(l.at(), l.event()));
    forms.put("carriage returns", l -> "%s %s\r".formatted(l.at(), l.event()));
    forms.put("no line ends", l -> "%s INFO  %s".formatted(l.at(), l.event()));
    forms.put("no line ends, a level first", l -> "INFO:root:%s %s".formatted(l.at(), l.event()));
    return forms;
  }

  @TestFactory
  Stream<DynamicTest> jsonHasTheFiguresAndVerdictOfPlainText() {
    return same(jsonForms());
  }

  @TestFactory
  Stream<DynamicTest> otherProgramsTextHasTheFiguresAndVerdictOfPlainText() {
    return same(textForms());
  }

  private static Stream<DynamicTest> same(Map<String, Function<Line, String>> forms) {
    return forms.entrySet().stream()
        .map(
            form ->
                DynamicTest.dynamicTest(form.getKey(), () -> assertSame(analyze(form.getValue()))));
  }

  @TestFactory
  Stream<DynamicTest> aLineOfManyRecordsHasAllOfThem() {
    Map<String, Function<Line, String>> forms = jsonForms();
    return Stream.of("CloudWatch", "docker json-file", "loguru serialize", "Loki")
        .map(
            name -> {
              Function<Line, String> form = l -> Objects.requireNonNull(forms.get(name)).apply(l);
              return DynamicTest.dynamicTest(name, () -> assertInOneLine(form));
            });
  }

  /** As an array, in an object, and one after the other. */
  private static void assertInOneLine(Function<Line, String> form) {
    for (String around : new String[] {"[%s]", "{\"a\":1,\"logEvents\":[%s]}", "%s"}) {
      assertSame(
          analyze(
              Stream.of(Role.ORCHESTRATOR, Role.INFERENCE, Role.TRAINER)
                  .map(
                      role ->
                          around.formatted(
                              lines(role).stream()
                                  .map(form)
                                  .map(String::strip)
                                  .collect(Collectors.joining(around.equals("%s") ? "" : ", "))))
                  .toArray(String[]::new)));
    }
  }

  @Test
  void damagedLogsOfAnyFormAreReadWithoutAFailureOrAnImpossibleFigure() {
    Random random = new Random(23);
    List<Function<Line, String>> forms = new ArrayList<>(jsonForms().values());
    forms.addAll(textForms().values());
    String[] pieces = {
      "{",
      "}",
      "\"",
      "\\",
      "[",
      "]",
      "\n",
      "\r",
      "\0",
      "\u001b",
      "\u001b[",
      "\u001b]8;;",
      "[weights][",
      "[ckpt] ",
      "{\"a\":",
      "\\u001b[1m",
      "\\ud800",
      "\"MESSAGE\":[9,",
      "\u00ff\u00fe",
      "\u00ef\u00bb\u00bf",
      "1e999",
      "=-1",
      " stderr P "
    };
    for (Function<Line, String> form : forms) {
      String log = log(Role.ORCHESTRATOR, form);
      for (int round = 0; round < 12; round++) {
        StringBuilder damaged = new StringBuilder(log);
        for (int i = random.nextInt(200); i >= 0; i--) {
          int at = random.nextInt(damaged.length());
          int to = Math.min(damaged.length(), at + random.nextInt(round % 4 == 0 ? 400 : 4));
          damaged.replace(at, to, pieces[random.nextInt(pieces.length)]);
        }
        Analysis analysis = analyze(damaged.toString());

        assertThat(analysis.verdict()).endsWith(".");
        analysis
            .stats()
            .values()
            .forEach(
                stats ->
                    assertThat(stats.count() == 0 || (stats.min() >= 0 && stats.max() <= 1e9))
                        .isTrue());
      }
    }
  }

  @Test
  void aLineLongerThanMemoryIsReadInParts() throws IOException {
    byte[] record =
        "{\"message\":\"[ckpt] write.done step=1 write_ms=2.5\"},".getBytes(StandardCharsets.UTF_8);
    int records = 400_000;
    InputStream line =
        new SequenceInputStream(
            Collections.enumeration(
                Collections.nCopies(records, record).stream()
                    .map(ByteArrayInputStream::new)
                    .toList()));
    LogAnalysis analysis = new LogAnalysis(AnalyzeOptions.NONE, List.of());
    analysis.read(
        "array", new SequenceInputStream(new ByteArrayInputStream(new byte[] {'['}), line));

    assertThat(analysis.analysis().stats().get(LogMetric.WRITE))
        .extracting(Stats::count)
        .isEqualTo((long) records);
  }
}
