package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.fleet.PathMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamAddressTest {
  @ParameterizedTest
  @CsvSource({
    "http://a:8000, a:8000, freshet, http://a:8000",
    "http://a, a:80, freshet, http://a",
    "http://a:1/=sglang, a:1, sglang, http://a:1/",
    "http://[::1]:2=vllm, [::1]:2, vllm, http://[::1]:2",
    "http://a:1=freshet@http://b:2, a:1, freshet, http://b:2",
  })
  void anAddressHasAProgramAndAnAdminListener(String text, String name, String kind, String admin) {
    UpstreamAddress address = UpstreamAddress.parse(text);

    assertThat(address.name()).isEqualTo(name);
    assertThat(address.dialect().name()).isEqualTo(kind);
    assertThat(address.admin()).hasToString(admin);
  }

  @Test
  void aReplicaThatIsNamedTwiceWithTwoProgramsIsRejected() {
    UpstreamAddress vllm = UpstreamAddress.parse("http://a:1=vllm");

    UpstreamAddress.requireConsistent(List.of(vllm, UpstreamAddress.parse("http://b:1"), vllm));
    assertThatThrownBy(
            () ->
                UpstreamAddress.requireConsistent(
                    List.of(vllm, UpstreamAddress.parse("http://a:1/=sglang@http://a:2+/x:/y"))))
        .hasMessageContaining(
            "replica a:1 is named twice, as http://a:1=vllm@http://a:1"
                + " and as http://a:1/=sglang@http://a:2+/x:/y");
  }

  @Test
  void aMapOfPathsMayEndIt() {
    UpstreamAddress address =
        UpstreamAddress.parse("http://a:1=freshet@http://b:2+/nfs/runs:/mnt/runs");

    assertThat(address.admin()).hasToString("http://b:2");
    assertThat(address.spec().paths().entries())
        .containsExactly(new PathMap.Entry("/nfs/runs", "/mnt/runs"));
    assertThat(UpstreamAddress.parse("http://a:1+/x:/y").name()).isEqualTo("a:1");
    assertThatThrownBy(() -> UpstreamAddress.parse("http://a:1=vllm+/x"))
        .hasMessageContaining("expected +HERE:THERE with two absolute paths");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a:1",
        "http://a/v1",
        "https://a/v1",
        "http://u:p@a",
        "http://a=x@b",
        "ftp://a"
      })
  void whatIsNotTheRootOfAListenerIsRefused(String text) {
    assertThatThrownBy(() -> UpstreamAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("replica '" + text + "': expected http://HOST:PORT");
  }

  @Test
  void anUnknownProgramIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> UpstreamAddress.parse("http://a=trt"))
        .hasMessage(
            "replica 'http://a=trt': expected one of freshet, vllm, vllm-lora, sglang, prime-rl,"
                + " dynamo, got 'trt'");
  }
}
