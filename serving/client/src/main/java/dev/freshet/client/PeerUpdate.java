package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/**
 * One weight update of a server that is not Freshet's: it is paused, loads the checkpoint from the
 * disk, is told the version's name, and goes on. A server whose load has failed, or may still be
 * going on, stays paused, since its weights may be mixed; one that was never asked to load goes on.
 */
final class PeerUpdate {
  /** Makes one call; anything but an answer of 2xx is an {@link AdminException}. */
  @FunctionalInterface
  interface Post {
    AdminExchange.Answer to(String path, byte[] body, Duration deadline);
  }

  /**
   * How it went, in milliseconds.
   *
   * @param connectMs connecting, all calls together
   * @param rpcMs the server's own work, where it tells
   * @param stallMs from the pause in force to generation resumed, where there was a pause
   * @param phases the calls by name, connecting included
   */
  record Outcome(
      double connectMs, OptionalDouble rpcMs, OptionalDouble stallMs, Map<String, Double> phases) {}

  /**
   * One call.
   *
   * @param phase what its time is called
   * @param optional whether a server without the route does without it
   */
  private record Step(
      String phase, String path, byte[] body, Duration deadline, boolean optional) {}

  /** All calls of an update, in this order. */
  private record Plan(Optional<Step> pause, Step load, List<Step> settle, Optional<Step> resume) {}

  private static final byte[] NO_BODY = {};
  private static final byte[] NO_FIELDS = {'{', '}'};

  private final ServerKind kind;
  private final Plan plan;
  private final MonotonicClock clock;
  private final Post post;
  private final Map<String, Double> phases = new LinkedHashMap<>();
  private double connectMs;

  /**
   * @throws WireException if a server of this kind cannot be asked for it
   */
  PeerUpdate(
      ServerKind kind,
      UpdateWeightsRequest request,
      AdminDeadlines deadlines,
      MonotonicClock clock,
      Post post) {
    this.kind = kind;
    this.plan = plan(kind, request, deadlines);
    this.clock = clock;
    this.post = post;
  }

  /** The route that loads, by which the update is known in the log. */
  static String route(ServerKind kind) {
    return switch (kind) {
      case FRESHET, PRIME_RL -> "/update_weights";
      case VLLM -> "/collective_rpc";
      case SGLANG -> "/update_weights_from_disk";
    };
  }

  private static Plan plan(
      ServerKind kind, UpdateWeightsRequest request, AdminDeadlines deadlines) {
    if (request.phase() != UpdatePhase.ALL) {
      throw new WireException(
          "phase: expected all of a %s server, got '%s'"
              .formatted(kind.wireName(), request.phase().wireName()));
    }
    String dir =
        request
            .weightDir()
            .orElseThrow(() -> new WireException("weight_dir: expected a directory, got nothing"));
    if (request.step().isEmpty()) {
      throw new WireException("step: expected the version of " + dir + ", got nothing");
    }
    String version = Long.toString(request.step().getAsLong());
    return switch (kind) {
      case FRESHET -> throw new IllegalArgumentException("a server that is no peer");
      case VLLM -> vllm(dir, version, request.mode(), deadlines);
      case SGLANG -> sglang(dir, version, request.mode(), deadlines);
      case PRIME_RL -> primeRl(dir, request.mode(), deadlines);
    };
  }

  private static Plan vllm(String dir, String version, UpdateMode mode, AdminDeadlines deadlines) {
    String pause =
        switch (mode) {
          case KEEP -> "mode=keep&clear_cache=false";
          case RECOMPUTE -> "mode=keep&clear_cache=true";
          case DRAIN -> "mode=wait&clear_cache=true";
          case ABORT -> "mode=abort&clear_cache=true";
        };
    List<Step> settle = new ArrayList<>();
    if (mode == UpdateMode.KEEP) {
      // Completions go on with the cache they have; those that begin must not find it.
      settle.add(
          new Step("reset_cache_ms", "/reset_prefix_cache", NO_BODY, deadlines.pause(), true));
    }
    settle.add(
        new Step(
            "version_ms",
            "/update_weight_version",
            json(out -> out.writeStringProperty("new_version", version)),
            deadlines.probe(),
            true));
    return new Plan(
        Optional.of(new Step("pause_ms", "/pause?" + pause, NO_BODY, deadlines.pause(), false)),
        new Step(
            "load_ms",
            route(ServerKind.VLLM),
            json(
                out -> {
                  out.writeStringProperty("method", "reload_weights");
                  out.writeObjectPropertyStart("kwargs");
                  out.writeStringProperty("weights_path", dir);
                  out.writeEndObject();
                }),
            deadlines.update(),
            false),
        settle,
        Optional.of(new Step("resume_ms", "/resume", NO_BODY, deadlines.pause(), false)));
  }

  private static Plan sglang(
      String dir, String version, UpdateMode mode, AdminDeadlines deadlines) {
    Step load =
        new Step(
            "load_ms",
            route(ServerKind.SGLANG),
            json(
                out -> {
                  out.writeStringProperty("model_path", dir);
                  out.writeStringProperty("weight_version", version);
                  // Refused while requests hold their place, as they do with mode keep.
                  out.writeBooleanProperty("flush_cache", mode != UpdateMode.KEEP);
                  out.writeBooleanProperty("abort_all_requests", false);
                }),
            deadlines.update(),
            false);
    if (mode == UpdateMode.DRAIN) {
      // Without a pause it waits for all requests by itself.
      return new Plan(Optional.empty(), load, List.of(), Optional.empty());
    }
    String pause =
        switch (mode) {
          case KEEP, DRAIN -> "in_place";
          case RECOMPUTE -> "retract";
          case ABORT -> "abort";
        };
    return new Plan(
        Optional.of(
            new Step(
                "pause_ms",
                "/pause_generation",
                json(out -> out.writeStringProperty("mode", pause)),
                deadlines.pause(),
                false)),
        load,
        List.of(),
        Optional.of(
            new Step("resume_ms", "/continue_generation", NO_FIELDS, deadlines.pause(), false)));
  }

  private static Plan primeRl(String dir, UpdateMode mode, AdminDeadlines deadlines) {
    if (mode != UpdateMode.KEEP) {
      throw new WireException(
          "mode: expected keep of a prime-rl server, got '%s'".formatted(mode.wireName()));
    }
    return new Plan(
        Optional.of(new Step("pause_ms", "/pause", NO_BODY, deadlines.pause(), true)),
        new Step(
            "load_ms",
            route(ServerKind.PRIME_RL),
            json(out -> out.writeStringProperty("weight_dir", dir)),
            deadlines.update(),
            false),
        List.of(),
        Optional.of(new Step("resume_ms", "/resume", NO_BODY, deadlines.pause(), true)));
  }

  private static byte[] json(Consumer<JsonGenerator> fields) {
    return WireWriter.object(fields);
  }

  /**
   * Carries it out. Called once.
   *
   * @throws AdminException the first call's that failed
   */
  Outcome run() {
    boolean paused = pause();
    long pausedAt = clock.nanos();
    OptionalDouble rpcMs = load(paused);
    Optional<AdminException> unsettled = settle();
    if (paused) {
      plan.resume().ifPresent(this::call);
    }
    OptionalDouble stallMs =
        paused ? OptionalDouble.of(clock.millisSince(pausedAt)) : OptionalDouble.empty();
    if (unsettled.isPresent()) {
      throw unsettled.get();
    }
    return new Outcome(connectMs, rpcMs, stallMs, phases);
  }

  private boolean pause() {
    if (plan.pause().isEmpty()) {
      return false;
    }
    try {
      return call(plan.pause().get()).isPresent();
    } catch (AdminException e) {
      if (!e.neverHandled()) {
        goOn(e);
      }
      throw e;
    }
  }

  private OptionalDouble load(boolean paused) {
    try {
      AdminExchange.Answer answer = call(plan.load()).orElseThrow();
      return loaded(answer);
    } catch (AdminException e) {
      if (!paused) {
        throw e;
      }
      if (e.neverHandled()) {
        goOn(e);
        throw e;
      }
      throw e.with("; the server stays paused, since its weights may be mixed");
    }
  }

  /** Reads what a load was answered; a success that says of itself that it is none is an error. */
  private OptionalDouble loaded(AdminExchange.Answer answer) {
    if (kind == ServerKind.VLLM || answer.body().length == 0) {
      return OptionalDouble.empty();
    }
    var said =
        new Object() {
          boolean success = true;
          String message = "it did not succeed";
          OptionalDouble rpcMs = OptionalDouble.empty();
        };
    try (WireReader in = WireReader.lenient(answer.body(), 0, answer.body().length)) {
      in.document(
          name -> {
            switch (name) {
              case "success" -> said.success = in.bool();
              case "status" -> said.success = in.text().equals("ok");
              case "message" -> said.message = in.scalar().orElse(said.message);
              case "rpc_ms" -> said.rpcMs = OptionalDouble.of(in.number());
              default -> in.skip();
            }
          });
    } catch (WireException e) {
      throw AdminException.sent(route(kind), "bad_answer", e.getMessage());
    }
    if (!said.success) {
      throw AdminException.answered(
          route(kind), answer.status(), new ErrorBody(said.message, "update_failed", "failed"));
    }
    return said.rpcMs;
  }

  /** What is left to do under the new weights; returns what went wrong first. */
  private Optional<AdminException> settle() {
    Optional<AdminException> first = Optional.empty();
    for (Step step : plan.settle()) {
      try {
        var _ = call(step);
      } catch (AdminException e) {
        first = first.or(() -> Optional.of(e));
      }
    }
    return first;
  }

  /** Has a server that may be paused go on after {@code failure}, if it can be reached. */
  private void goOn(AdminException failure) {
    plan.resume()
        .ifPresent(
            resume -> {
              try {
                var _ = call(resume);
              } catch (AdminException e) {
                failure.addSuppressed(e);
              }
            });
  }

  /** The answer; nothing of an optional route that the server does not have. */
  private Optional<AdminExchange.Answer> call(Step step) {
    long start = clock.nanos();
    try {
      AdminExchange.Answer answer = post.to(step.path(), step.body(), step.deadline());
      connectMs += (answer.connectedNanos() - start) / 1e6;
      phases.put(step.phase(), (answer.answeredNanos() - start) / 1e6);
      return Optional.of(answer);
    } catch (AdminException e) {
      if (step.optional() && e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
