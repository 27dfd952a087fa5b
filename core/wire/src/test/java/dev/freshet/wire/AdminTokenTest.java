package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdminTokenTest {
  private final AdminToken token = new AdminToken("s3cret");

  @Test
  void theSchemeIsReadInAnyCase() {
    String pair = Base64.getEncoder().encodeToString("me:s3cret".getBytes(StandardCharsets.UTF_8));

    assertThat(
            List.of(
                "Bearer s3cret",
                "bearer s3cret",
                "BEARER s3cret",
                "Bearer  s3cret",
                "Basic " + pair,
                "basic " + pair))
        .allMatch(token::isIn);
  }

  @Test
  void anythingElseIsNotTheToken() {
    assertThat(
            List.of(
                "",
                "s3cret",
                "Bearer",
                "Bearer ",
                "Bearer S3CRET",
                "Bearer s3cre",
                "Bearer s3crett",
                "Bearers3cret",
                "Digest s3cret",
                "Basic s3cret",
                "Basic "))
        .noneMatch(token::isIn);
  }
}
