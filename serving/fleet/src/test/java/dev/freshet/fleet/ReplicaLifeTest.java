package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ReplicaLifeTest {
  @Test
  void whatIsUnknownIsNeverUpdatedOrServedBeforeItWasAsked() {
    ReplicaLife life = new ReplicaLife();
    life.catchesUp();
    life.setAside(ReplicaState.UNKNOWN, "its load was not answered");

    assertThatThrownBy(life::catchesUp)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("UNKNOWN cannot become UPDATING");
    assertThatThrownBy(() -> life.serves(8)).isInstanceOf(IllegalStateException.class);
    assertThat(life.state()).isEqualTo(ReplicaState.UNKNOWN);
    assertThat(life.why()).hasValue("its load was not answered");
  }

  @Test
  void aReplicaThatReturnsIsAnotherIncarnation() {
    ReplicaLife life = new ReplicaLife();
    life.catchesUp();
    life.serves(7);
    life.setAside(ReplicaState.GONE, "connection refused");
    life.setAside(ReplicaState.QUARANTINED, "it serves version 0");
    assertThat(life.incarnation()).isEqualTo(1);
    life.catchesUp();
    life.serves(8);

    assertThat(life.incarnation()).isEqualTo(2);
    assertThat(life.version()).isEqualTo(8);
    assertThat(life.why()).isEmpty();
  }

  @Test
  void everyStateIsLeftByAnother() {
    for (ReplicaState state : ReplicaState.values()) {
      assertThat(state.next()).as("after %s", state).isNotEmpty().doesNotContain(state);
    }
  }

  @Test
  void aRequestForAVersionGetsOnlyReplicasThatServeItOrANewerOne() {
    ServerAddress address = new ServerAddress(URI.create("http://a:1"), URI.create("http://a:2"));
    RoutingTable.Route seven = new RoutingTable.Route(address, "freshet", 7, 1, Optional.empty());
    RoutingTable.Route eight = new RoutingTable.Route(address, "freshet", 8, 1, Optional.empty());
    RoutingTable table = new RoutingTable(8, List.of(seven, eight), 0);

    assertThat(table.from(OptionalLong.empty())).containsExactly(seven, eight);
    assertThat(table.from(OptionalLong.of(8))).containsExactly(eight);
    assertThat(table.from(OptionalLong.of(9))).isEmpty();
  }
}
