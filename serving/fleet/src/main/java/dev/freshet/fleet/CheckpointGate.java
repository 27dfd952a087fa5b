package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.Target;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Inspects a checkpoint on this host before a replica is asked to load it while it is paused. Once
 * for all replicas; not for programs that prepare, which verify it themselves.
 */
final class CheckpointGate {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointGate.class);

  private final List<Replica> replicas;

  CheckpointGate(List<Replica> replicas) {
    this.replicas = replicas;
  }

  /**
   * Inspects the checkpoint. An update with {@code force} is not compared with the served model,
   * nor is one whose servers report no directory that exists on this host.
   *
   * @return what was found; empty if no replica needs it or the target has no checkpoint
   * @throws FleetException naming the file or tensor, what was found and what was expected
   */
  Optional<CheckpointInspection> inspect(Target target) {
    List<Replica> loading =
        replicas.stream().filter(r -> !r.dialect().capabilities().prepares()).toList();
    if (loading.isEmpty() || target.directory().isEmpty()) {
      return Optional.empty();
    }
    Optional<Path> served =
        target.force()
            ? Optional.empty()
            : loading.stream().flatMap(r -> served(r).stream()).findFirst();
    Path dir = Path.of(target.directory().get());
    CheckpointInspection found = CheckpointInspection.of(dir, served, target.verify());
    LOG.debug("{}", found);
    return Optional.of(found);
  }

  /** Empty also if the server cannot be asked: its update will fail, or succeed later. */
  private static Optional<Path> served(Replica replica) {
    try {
      return replica.servedDirectory().filter(CheckpointGate::isDirectory).map(Path::of);
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
}
