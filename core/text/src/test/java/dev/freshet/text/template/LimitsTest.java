package dev.freshet.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hostile template ends in an error that names the limit. */
class LimitsTest {
  private static final Limits SMALL = new Limits(100_000, 50_000, 5_000, 500);

  private static String render(String source, Limits limits, Map<String, ?> variables) {
    return ChatTemplate.of(source, Clock.systemUTC(), limits)
        .render(List.of(), List.of(), true, variables)
        .text();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=1) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=1) %}{% for i in range(50) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=1) %}{% for i in range(50) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
        "{% set ns = namespace(l=1) %}{% for i in range(50) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set a = namespace(l=1) %}{% set b = namespace(l=1) %}{% for i in range(50) %}"
            + "{% set a.l = [a.l, a.l] %}{% set b.l = [b.l, b.l] %}{% endfor %}{{ a.l == b.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(9999) %}{% set ns.l = ns.l | map('string') %}{% endfor %}{{ ns.l | list }}",
        "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}",
        "{{ 'a' * 100000000000 }}",
        "{{ [0] * 100000000000 }}",
        "{{ 'a'.center(100000000000) }}",
        "{{ 'a'.ljust(1000000) }}",
        "{{ 'a' | indent(10000000) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%.999999999f' % 1 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:.999999999f}'.format(1.5) }}",
        "{{ 10 ** 1000000000 }}",
        "{{ 2 ** (2 ** 100) }}",
        "{{ range(100000000) }}",
        "{{ 'a'.replace('', 'b' * 40000) }}",
        "{{ [1] | batch(100000000, 0) | list }}",
        "{{ [1] | slice(100000000) | list }}",
        "{{ [1] | tojson(indent=100000000) }}",
        "{% for i in [[[[]]]] recursive %}{{ loop([i]) }}{% endfor %}",
        "{% for i in range(9999) %}{{ 'a' * 100 }}{% endfor %}",
        "{{ ('a' * 40000).replace('a', 'aaaaaaaaa') }}",
        "{% for i in range(9999) %}{{ ('a' * 20000 + 'b') in ('a' * 49000) }}{% endfor %}",
        "{{ '\\t'.expandtabs(100000000) }}",
        "{{ ('a' * 20000 ~ 'b') in 'a' * 49000 }}",
        "{% for i in range(9999) %}{% set x = 10 ** 4000 * 10 ** 200 // 3 ** 100 %}{% endfor %}",
      })
  void aRenderingThatUsesTooMuchIsStopped(String source) {
    assertThatThrownBy(() -> render(source, SMALL, Map.of()))
        .isInstanceOfSatisfying(
            TemplateException.class,
            e -> assertThat(e.kind()).isEqualTo(TemplateException.Kind.LIMIT));
  }

  @Test
  void theUsualLimitsStopRecursionBeforeTheStackEnds() throws InterruptedException {
    List<Throwable> failures = new ArrayList<>();
    String source =
        "{% macro m(n) %}{% if n %}{{ [m(n - 1)] | first }}{% endif %}{% endmacro %}{{ m(99999) }}";
    Thread thread =
        Thread.ofPlatform()
            .stackSize(512 << 10)
            .start(
                () -> {
                  try {
                    render(source, Limits.DEFAULT, Map.of());
                  } catch (TemplateException | StackOverflowError e) {
                    failures.add(e);
                  }
                });
    thread.join();
    assertThat(failures).singleElement().isInstanceOf(TemplateException.class);
  }

  @Test
  void aSourceOfDeepNestingIsNotCompiled() {
    for (String source :
        List.of(
            "{{ " + "(".repeat(100_000) + ")".repeat(100_000) + " }}",
            "{{ " + "[".repeat(100_000) + "]".repeat(100_000) + " }}",
            "{{ " + "not ".repeat(100_000) + "x }}",
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{{ 1" + " + 1".repeat(100_000) + " }}",
            "{{ x" + ".a".repeat(100_000) + " }}",
            "{{ x" + "|list".repeat(100_000) + " }}",
            "{{ x" + " if x else x".repeat(100_000) + " }}",
            "{% if x %}".repeat(100_000) + "{% endif %}".repeat(100_000),
            "{% for i in x %}".repeat(100_000))) {
      assertThatThrownBy(() -> ChatTemplate.of(source, Clock.systemUTC()))
          .as(source.substring(0, 20))
          .isInstanceOf(TemplateException.class)
          .hasMessageContaining("levels");
    }
  }

  @Test
  void deepValuesAreRejected() {
    List<Object> value = List.of();
    for (int i = 0; i < 100_000; i++) {
      value = List.of(value);
    }
    Map<String, Object> variables = Map.of("v", value);
    assertThatThrownBy(() -> render("{{ v }}", Limits.DEFAULT, variables))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("levels");
  }

  @Test
  void aLongConversationIsWithinTheUsualLimits() {
    List<Map<String, String>> messages = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "x".repeat(400)));
    }
    String source =
        "{% for m in messages %}{% if m.role == 'user' or not loop.last %}"
            + "{{ '<|' + m['role'] + '|>\\n' + m['content'] | trim + '</s>' }}{% endif %}{% endfor %}";
    assertThat(
            ChatTemplate.of(source, Clock.systemUTC())
                .render(messages, List.of(), true, Map.of())
                .text())
        .hasSizeGreaterThan(4_000_000);
  }
}
