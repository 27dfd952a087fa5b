package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WireException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A program that is paused, loads a checkpoint from disk and resumes, see {@link PausedUpdate}. */
abstract class PausedDialect implements Dialect {
  private static final Logger LOG = LoggerFactory.getLogger(PausedDialect.class);

  /** The calls of an update that {@link #check} accepts. */
  abstract PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines);

  /** Rejects options of Freshet servers, and an update without a directory or a version. */
  @Override
  public void check(UpdateWeightsRequest request) {
    refuse(
        request.phase() != UpdatePhase.ALL,
        "phase: expected all for a %s server, got '%s'",
        name(),
        request.phase().wireName());
    refuse(
        request.weightDir().isEmpty(),
        "weight_dir: expected a directory for a %s server, got nothing",
        name());
    refuse(
        request.step().isEmpty(),
        "step: expected the version of the checkpoint for a %s server, got nothing",
        name());
  }

  /** The directory of the model that a server was started with or loaded last, as it reports it. */
  abstract Optional<String> servedDirectory(AdminClient server);

  /**
   * {@inheritDoc}
   *
   * <p>An update with {@code force} is not compared with the served model. Nor is one whose servers
   * report no directory that exists on this host.
   */
  @Override
  public final Optional<CheckpointInspection> inspect(
      UpdateWeightsRequest request, List<AdminClient> servers) {
    Path dir = Path.of(request.weightDir().orElseThrow());
    Optional<Path> served =
        request.force()
            ? Optional.empty()
            : servers.stream().flatMap(server -> served(server).stream()).findFirst();
    return Optional.of(CheckpointInspection.of(dir, served, request.verify()));
  }

  /** Empty also if the server cannot be asked: its update will fail, or succeed later. */
  private Optional<Path> served(AdminClient server) {
    try {
      return servedDirectory(server).filter(PausedDialect::isDirectory).map(Path::of);
    } catch (AdminException e) {
      if (!Thread.currentThread().isInterrupted()) {
        LOG.warn("the served model is not known: {}", e.getMessage());
      }
      return Optional.empty();
    }
  }

  /** A name of a model hub is no directory; it may not even be a path. */
  private static boolean isDirectory(String name) {
    try {
      return Path.of(name).isAbsolute() && Files.isDirectory(Path.of(name));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * @throws WireException with the message if the request is {@code wrong}
   */
  static void refuse(boolean wrong, String message, Object... values) {
    if (wrong) {
      throw new WireException(message.formatted(values));
    }
  }

  @Override
  public String versionRoute() {
    return "/weight_info";
  }

  @Override
  public final boolean hasAdminListener() {
    return false;
  }

  /** A load that is posted again would start twice. */
  @Override
  public final boolean joinsRepeatedUpdates() {
    return false;
  }

  @Override
  public final AdminResult update(
      AdminClient admin, UpdateWeightsRequest request, TraceId trace, Duration within) {
    check(request);
    return PausedUpdate.run(plan(request, admin.deadlines()), admin, request, trace, within);
  }
}
