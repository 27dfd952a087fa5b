package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpConfigTest {
  @Test
  void namesAndAddressesAreAllowed() {
    List<String> names = List.of("freshet.example.org", "GPU-7", "10.0.0.1");

    assertThat(new HttpConfig(names, List.of(), "", "", false, false).allowedHosts())
        .isEqualTo(names);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "https://a", "a:80", "a/b", "a b", "user@a", "*", "*.example.org"})
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> new HttpConfig(List.of(text), List.of(), "", "", false, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("allowedHosts: expected host names");
  }
}
