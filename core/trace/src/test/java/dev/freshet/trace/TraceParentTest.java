package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
  @Test
  void theHeaderOfATraceIsReadBackAsItWasWritten() {
    TraceId trace = new TraceId("00f067aa0ba902b7");
    TraceParent span = TraceParent.of(trace);

    assertThat(span.header())
        .isEqualTo("00-000000000000000000f067aa0ba902b7-%s-01".formatted(span.spanId()));
    assertThat(TraceParent.parse(span.header())).contains(span);
    assertThat(span.trace()).isEqualTo(trace);
  }

  @Test
  void aTraceIdOfAnotherProgramIsLoggedUnderItsLowHalf() {
    String header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    assertThat(TraceParent.parse(header).map(TraceParent::trace))
        .contains(new TraceId("a3ce929d0e0e4736"));
    assertThat(TraceParent.parse("01" + header.substring(2) + "-of.a.later-version")).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"
      })
  void aHeaderOfAnotherFormatIsIgnored(String header) {
    assertThat(TraceParent.parse(header)).isEmpty();
  }
}
