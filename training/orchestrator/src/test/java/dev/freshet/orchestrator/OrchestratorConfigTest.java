package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.fleet.dialect.Dialects;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrchestratorConfigTest {
  private static final ServerAddress SERVER =
      new ServerAddress(URI.create("http://h:1"), URI.create("http://h:2"));

  @Test
  void theMessageForAnImpossibleValueBeginsWithItsComponent() {
    refuses("servers", () -> config(List.of(), 2, 1, 1, true));
    refuses("servers", () -> config(List.of(SERVER, SERVER), 2, 1, 1, true));
    refuses("groupSize", () -> config(List.of(SERVER), 0, 1, 1, false));
    refuses("groupSize", () -> config(List.of(SERVER), 1, 1, 1, true));
    refuses("asyncLevel", () -> config(List.of(SERVER), 2, -1, 1, true));
    refuses("topP", () -> config(List.of(SERVER), 2, 1, 0.9, true));
    refuses("topP", () -> config(List.of(SERVER), 2, 1, Double.NaN, true));
    refuses("data ftp://h", () -> new ServerAddress(URI.create("ftp://h"), URI.create("http://h")));
    assertThat(config(List.of(SERVER), 2, 0, 1, true).replicas())
        .containsExactly(new ReplicaSpec(SERVER, Dialects.FRESHET));
  }

  private static void refuses(
      String beginning, org.assertj.core.api.ThrowableAssert.ThrowingCallable making) {
    assertThatThrownBy(making)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(beginning)
        .hasMessageContaining("expected");
  }

  private static OrchestratorConfig config(
      List<ServerAddress> servers, int groupSize, int asyncLevel, double topP, boolean filter) {
    TestConfig config = new TestConfig();
    config.servers = servers;
    config.groupSize = groupSize;
    config.asyncLevel = asyncLevel;
    config.topP = topP;
    config.filterZeroAdvantage = filter;
    return config.build();
  }
}
