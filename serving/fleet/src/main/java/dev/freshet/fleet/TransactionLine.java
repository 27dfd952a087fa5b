package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import dev.freshet.wire.WireWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** A line of the {@link TransactionJournal}, as JSON. Unknown fields are skipped. */
final class TransactionLine {
  static final String BEGIN = "begin";
  static final String COMMITTED = "committed";
  static final String ENDED = "ended";
  private static final String BEFORE = "previous_";

  private String event = "";
  private final Fields target = new Fields();
  private final Fields previous = new Fields();
  private final List<String> servers = new ArrayList<>();

  private TransactionLine() {}

  /** The fields of a target. */
  private static final class Fields {
    private Optional<TraceId> attempt = Optional.empty();
    private long version;
    private Optional<String> directory = Optional.empty();
    private UpdateMode mode = UpdateMode.KEEP;

    Target target() {
      TraceId id =
          attempt.orElseThrow(() -> new WireException("attempt: expected an id, got nothing"));
      return new Target(version, directory, mode, VerifyLevel.FULL, true, false, id);
    }
  }

  /** A transaction begins. */
  static byte[] begin(Target target, Optional<Target> previous, List<String> servers) {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("event", BEGIN);
          write(out, "", target);
          previous.ifPresent(before -> write(out, BEFORE, before));
          out.writeArrayPropertyStart("servers");
          servers.forEach(out::writeString);
          out.writeEndArray();
        });
  }

  private static void write(JsonGenerator out, String prefix, Target target) {
    out.writeStringProperty(prefix + "attempt", target.attempt().hex());
    out.writeNumberProperty(prefix + "version", target.version());
    target.directory().ifPresent(dir -> out.writeStringProperty(prefix + "weight_dir", dir));
    out.writeStringProperty(prefix + "mode", target.mode().wireName());
  }

  /** A transaction is committed or has ended. */
  static byte[] event(String event, Target target) {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("event", event);
          out.writeStringProperty("attempt", target.attempt().hex());
        });
  }

  /**
   * Reads a line.
   *
   * @throws WireException naming the field that is wrong
   */
  static TransactionLine parse(byte[] json) {
    TransactionLine line = new TransactionLine();
    try (WireReader in = WireReader.lenient(json, 0, json.length)) {
      in.document(
          name -> {
            boolean before = name.startsWith(BEFORE);
            Fields fields = before ? line.previous : line.target;
            switch (before ? name.substring(BEFORE.length()) : name) {
              case "event" -> line.event = in.text();
              case "attempt" -> fields.attempt = Optional.of(id(in.text()));
              case "version" -> fields.version = in.longInteger();
              case "weight_dir" -> fields.directory = Optional.of(in.text());
              case "servers" -> in.elements(() -> line.servers.add(in.text()));
              case "mode" -> fields.mode = UpdateMode.of(in.text());
              default -> in.skip();
            }
          });
    }
    return line;
  }

  private static TraceId id(String hex) {
    if (!TraceId.isValid(hex)) {
      throw new WireException("attempt: expected 16 hexadecimal characters");
    }
    return new TraceId(hex);
  }

  String event() {
    return event;
  }

  /**
   * What the transaction makes the replicas serve.
   *
   * @throws WireException if the line has none
   */
  Target target() {
    return target.target();
  }

  /** The admin listeners of the replicas, in the line of a beginning. */
  List<String> servers() {
    return List.copyOf(servers);
  }

  /** What they served before, if it is known. */
  Optional<Target> previous() {
    return previous.attempt.isPresent() ? Optional.of(previous.target()) : Optional.empty();
  }
}
