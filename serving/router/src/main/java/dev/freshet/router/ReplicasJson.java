package dev.freshet.router;

import dev.freshet.wire.WireWriter;

/** The replicas as JSON: for operators, and as Dynamo's clients discover workers. */
final class ReplicasJson {
  private static final int PROTOCOL_VERSION = 1;

  private ReplicasJson() {}

  /** The answer to {@code GET /replicas}. */
  static byte[] replicas(Candidates table) {
    return WireWriter.object(
        out -> {
          out.writeArrayPropertyStart("replicas");
          for (Candidates.Candidate one : table.all()) {
            Upstream upstream = one.upstream();
            out.writeStartObject();
            out.writeStringProperty("url", upstream.address().data().toString());
            out.writeStringProperty("kind", upstream.address().dialect().name());
            out.writeStringProperty("state", upstream.health().state().wireName());
            if (!upstream.health().reason().isEmpty()) {
              out.writeStringProperty("reason", upstream.health().reason());
            }
            if (one.policyVersion().isPresent()) {
              out.writeNumberProperty("policy_version", one.policyVersion().getAsLong());
            }
            out.writeNumberProperty("in_flight", upstream.inFlight());
            out.writeNumberProperty("answered", upstream.answers());
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }

  /** The answer to {@code GET /v1/rl/workers}. */
  static byte[] workers(Candidates table) {
    return WireWriter.object(
        out -> {
          out.writeNumberProperty("protocol_version", PROTOCOL_VERSION);
          out.writeArrayPropertyStart("workers");
          for (Candidates.Candidate one : table.all()) {
            UpstreamAddress address = one.upstream().address();
            out.writeStartObject();
            out.writeStringProperty("instance_id", address.name());
            out.writeStringProperty("system_url", address.admin().toString());
            out.writeStringProperty("kind", address.dialect().name());
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }
}
