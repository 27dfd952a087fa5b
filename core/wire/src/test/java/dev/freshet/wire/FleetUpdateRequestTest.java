package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bodies of updates of a fleet. */
class FleetUpdateRequestTest {
  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aBodyOfFreshetsClientsHasAllFields() {
    FleetUpdateRequest update =
        FleetUpdateRequest.parse(
            bytes(
                "{\"weight_dir\":\"/w/step_3\",\"step\":7,\"mode\":\"drain\",\"phase\":\"prepare\",\"verify\":\"size\",\"force\":true}"));
    assertThat(update.weightDir()).hasValue("/w/step_3");
    assertThat(update.version()).hasValue(7);
    assertThat(update.mode()).isEqualTo(UpdateMode.DRAIN);
    assertThat(update.phase()).isEqualTo(UpdatePhase.PREPARE);
    assertThat(update.force()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "/runs/broadcasts/step_12, 12",
    "/runs/step_12/, 12",
    "/w/weight_v000007, 7",
    "/w/12, 12",
    "/w/step_12/policy, -1",
    "/w/latest, -1",
    "/w/step_9999999999999999999, -1",
  })
  void theVersionIsTheNumberAtTheEndOfTheDirectory(String directory, long version) {
    FleetUpdateRequest update =
        FleetUpdateRequest.parse(
            bytes("{\"weight_dir\":\"%s\",\"version_uid\":\"a1\"}".formatted(directory)));
    assertThat(update.version())
        .isEqualTo(version < 0 ? OptionalLong.empty() : OptionalLong.of(version));
    assertThat(update.versionUid()).hasValue("a1");
    assertThat(update.mode()).isEqualTo(UpdateMode.KEEP);
  }

  @Test
  void noDirectoryIsTheModelThatTheServersWereStartedWithOnlyIfItIsSaid() {
    assertThat(FleetUpdateRequest.parse(bytes("{\"weight_dir\":null}")).weightDir()).isEmpty();
    assertThatExceptionOfType(WireException.class)
        .isThrownBy(() -> FleetUpdateRequest.parse(bytes("{}")))
        .withMessage("weight_dir: expected a directory or null, got nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"weight_dir\":\"\"}",
        "{\"weight_dir\":1}",
        "{\"weight_dir\":\"/w\",\"step\":-1}",
        "{\"weight_dir\":\"/w\",\"mode\":\"fast\"}",
        "{\"weight_dir\":\"/w\",\"what\":1}",
        "[]",
      })
  void aMalformedBodyIsRefused(String json) {
    assertThatExceptionOfType(WireException.class)
        .isThrownBy(() -> FleetUpdateRequest.parse(bytes(json)));
  }

  @Test
  void sglangsBodyNamesTheModelPathAndAVersion() {
    FleetUpdateRequest numbered =
        FleetUpdateRequest.ofSglang(
            bytes("{\"model_path\":\"/w/step_3\",\"weight_version\":\"9\",\"load_format\":null}"));
    assertThat(numbered.version()).hasValue(9);
    FleetUpdateRequest named =
        FleetUpdateRequest.ofSglang(
            bytes(
                "{\"model_path\":\"/w/step_3\",\"weight_version\":\"a\",\"abort_all_requests\":true}"));
    assertThat(named.version()).hasValue(3);
    assertThat(named.mode()).isEqualTo(UpdateMode.ABORT);
    assertThatExceptionOfType(WireException.class)
        .isThrownBy(() -> FleetUpdateRequest.ofSglang(bytes("{}")))
        .withMessage("model_path: expected a directory, got nothing");
  }

  @Test
  void vllmsRpcIsAnUpdateIfItReloadsWeights() {
    assertThat(FleetUpdateRequest.ofCollectiveRpc(bytes("{\"method\":\"sleep\"}"))).isEmpty();
    assertThat(
            FleetUpdateRequest.ofCollectiveRpc(
                    bytes(
                        "{\"method\":\"reload_weights\",\"kwargs\":{\"weights_path\":\"/w/4\",\"x\":[]}}"))
                .orElseThrow()
                .version())
        .hasValue(4);
    assertThat(
            FleetUpdateRequest.ofCollectiveRpc(bytes("{\"method\":\"reload_weights\"}"))
                .orElseThrow()
                .weightDir())
        .isEmpty();
  }

  @Test
  void sglangsOrdersAreReadWithTheirDefaults() {
    assertThat(SglangOrder.pause(new byte[0])).isEqualTo(SglangOrder.Pause.ABORT);
    assertThat(SglangOrder.pause(bytes("{\"mode\":\"in_place\"}")))
        .isEqualTo(SglangOrder.Pause.IN_PLACE);
    assertThatExceptionOfType(WireException.class)
        .isThrownBy(() -> SglangOrder.pause(bytes("{\"mode\":\"keep\"}")));
    assertThat(SglangOrder.abort(bytes("{\"rid\":\"\",\"abort_all\":true}")).requestIds())
        .isEmpty();
    assertThat(SglangOrder.abort(bytes("{\"rid\":\"r\"}")).requestIds()).hasValue(Set.of("r"));
    assertThatExceptionOfType(WireException.class).isThrownBy(() -> SglangOrder.abort(new byte[0]));
    assertThat(
            new String(
                SglangOrder.abort(bytes("{\"rid\":\"r\"}")).toJson(), StandardCharsets.UTF_8))
        .isEqualTo("{\"request_ids\":[\"r\"]}");
  }
}
