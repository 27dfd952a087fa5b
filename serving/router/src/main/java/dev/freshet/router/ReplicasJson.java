package dev.freshet.router;

import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.wire.WireWriter;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** The replicas as JSON: for operators, and as Dynamo's clients discover workers. */
final class ReplicasJson {
  private static final int PROTOCOL_VERSION = 1;

  private final Upstreams upstreams;
  private final ElasticFleet fleet;
  private final FleetAnswers updates;

  ReplicasJson(Upstreams upstreams, ElasticFleet fleet, FleetAnswers updates) {
    this.upstreams = upstreams;
    this.fleet = fleet;
    this.updates = updates;
  }

  /** The answer to {@code GET /replicas}. */
  byte[] replicas() {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("weight_version", fleet.weightVersion());
          out.writeBooleanProperty("paused", fleet.isPaused());
          out.writeArrayPropertyStart("replicas");
          for (Upstream upstream : upstreams.all()) {
            out.writeStartObject();
            replica(out, upstream);
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }

  private void replica(JsonGenerator out, Upstream upstream) {
    out.writeStringProperty("url", upstream.address().data().toString());
    out.writeStringProperty("admin_url", upstream.address().admin().toString());
    out.writeStringProperty("kind", upstream.address().dialect().name());
    Optional<ReplicaStatus> status = fleet.status(upstream.address().listeners());
    if (status.isPresent()) {
      out.writeStringProperty("state", status.get().state().wireName());
      status.get().why().ifPresent(why -> out.writeStringProperty("reason", why));
      status.get().contested().ifPresent(line -> out.writeStringProperty("contested", line));
      if (status.get().version() >= 0) {
        out.writeNumberProperty("policy_version", status.get().version());
      }
      out.writeNumberProperty("incarnation", status.get().incarnation());
    }
    out.writeStringProperty("health", upstream.health().state().wireName());
    if (!upstream.health().reason().isEmpty()) {
      out.writeStringProperty("health_reason", upstream.health().reason());
    }
    out.writeNumberProperty("in_flight", upstream.inFlight());
    out.writeNumberProperty("answered", upstream.answers());
    updates
        .lastRow(upstream.address().admin().toString())
        .ifPresent(
            row -> {
              out.writeObjectPropertyStart("last_update");
              FleetAnswers.row(out, row);
              out.writeEndObject();
            });
  }

  /**
   * The answer to {@code GET /v1/rl/workers}.
   *
   * @param models the model of each replica that is known to have one
   */
  byte[] workers(Map<ServerAddress, String> models) {
    return WireWriter.object(
        out -> {
          out.writeNumberProperty("protocol_version", PROTOCOL_VERSION);
          out.writeArrayPropertyStart("workers");
          for (Upstream upstream : upstreams.all()) {
            UpstreamAddress address = upstream.address();
            out.writeStartObject();
            out.writeStringProperty("instance_id", address.name());
            out.writeStringProperty("system_url", address.admin().toString());
            out.writeStringProperty("kind", address.dialect().name());
            String model = models.get(address.listeners());
            if (model != null) {
              out.writeStringProperty("model", model);
            }
            out.writeArrayPropertyStart("routes");
            ElasticFleet.routes(address.spec()).forEach(out::writeString);
            out.writeEndArray();
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }
}
