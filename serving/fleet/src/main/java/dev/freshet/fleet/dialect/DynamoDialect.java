package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import dev.freshet.wire.WireWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Dynamo with vLLM workers and {@code DYN_ENABLE_RL}: one replica, whose admin address is the
 * discovery address and whose data address is the frontend. Dynamo chooses the worker of a request,
 * so the replica serves a version only while all its workers do. They are asked for again in every
 * phase, because their number changes; one that joins with other weights is found by asking, and
 * all then load the current ones.
 */
final class DynamoDialect implements Dialect {
  private static final String PAUSE = "/engine/pause_generation";
  private static final String LOAD = "/engine/update_weights_from_disk";
  private static final String VERSION = "/engine/get_weight_version";
  private static final String RESUME = "/engine/resume_generation";
  private static final byte[] NO_FIELDS = {'{', '}'};
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.allOf(UpdateMode.class), false, false, false);

  @Override
  public String name() {
    return "dynamo";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  /** The discovery address. */
  @Override
  public boolean hasAdminListener() {
    return true;
  }

  @Override
  public boolean healthy(AdminClient server) {
    return DynamoWorkers.of(server).count() > 0;
  }

  @Override
  public boolean pause(AdminCalls calls, UpdateMode mode) {
    if (mode == UpdateMode.KEEP) {
      calls.note(
          "mode keep was carried out as recompute: Dynamo's workers clear their prefix cache only"
              + " together with the KV cache of running completions");
    }
    calls.timed(UpdatePart.PAUSE, () -> pauseAll(calls, mode));
    return true;
  }

  private static void pauseAll(AdminCalls calls, UpdateMode mode) {
    String name =
        switch (mode) {
          case KEEP, RECOMPUTE -> "keep";
          case DRAIN -> "wait";
          case ABORT -> "abort";
        };
    byte[] body =
        WireWriter.object(
            out -> {
              out.writeStringProperty("mode", name);
              out.writeBooleanProperty("clear_cache", true);
            });
    var _ = post(calls, PAUSE, body, "pause");
  }

  /** Pauses again first: a worker may have joined since. */
  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    String directory =
        target
            .directory()
            .orElseThrow(
                () ->
                    new WireException(
                        "weight_dir: expected a directory for dynamo, whose workers cannot return"
                            + " to the model they were started with by themselves"));
    byte[] body =
        WireWriter.object(
            out -> {
              out.writeStringProperty("model_path", directory);
              out.writeStringProperty("weight_version", target.name());
            });
    calls.timed(UpdatePart.PAUSE, () -> pauseAll(calls, target.mode()));
    calls.loading(
        LOAD,
        target,
        () -> {
          var _ = post(calls, LOAD, body, "load");
        });
    return Optional.empty();
  }

  private static List<AdminAnswer> post(
      AdminCalls calls, String path, byte[] body, String operation) {
    return DynamoWorkers.of(calls.server())
        .post(path, body, calls.trace(), calls.left(), operation);
  }

  /** The version that all workers serve; otherwise those of each, which are no version. */
  @Override
  public Serving ask(AdminClient server, long expected) {
    DynamoWorkers workers = DynamoWorkers.of(server);
    List<String> versions = new ArrayList<>();
    for (AdminAnswer answer :
        workers.post(
            VERSION,
            NO_FIELDS,
            TraceId.random(),
            server.deadlines().probe(),
            "question for the version")) {
      versions.add(version(answer));
    }
    List<String> different = versions.stream().distinct().toList();
    String name =
        different.size() == 1
            ? different.getFirst()
            : "different versions on its workers (" + String.join(", ", versions) + ")";
    return new Serving(Optional.of(name), Optional.empty());
  }

  private static String version(AdminAnswer answer) {
    List<String> found = new ArrayList<>();
    try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
      in.document(
          name -> {
            if (name.equals("version")) {
              in.scalar().ifPresent(found::add);
            } else {
              in.skip();
            }
          });
    } catch (WireException e) {
      throw AdminException.sent("POST " + VERSION, "bad_answer", e.getMessage());
    }
    return found.stream().findFirst().orElse(Serving.FIRST);
  }

  @Override
  public void greet(AdminClient server) {
    DynamoWorkers.of(server).greet();
  }

  @Override
  public void resume(AdminCalls calls) {
    calls.timed(
        UpdatePart.RESUME,
        () -> {
          var _ = post(calls, RESUME, NO_FIELDS, "resume");
        });
  }
}
