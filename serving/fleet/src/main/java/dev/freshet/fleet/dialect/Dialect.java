package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The protocol by which one inference server program changes its weights, a method a phase. The
 * phases come in the order of the methods. Everything that differs between programs is behind this
 * interface; no code outside the implementations compares dialects. {@link Dialects} lists them.
 * Stateless.
 *
 * <p>A method that makes calls throws {@link AdminException} if one fails. If the exception is not
 * {@link AdminException#neverHandled} and has no status, the server may have carried the call out.
 */
public interface Dialect {
  /** The program's name, as on the command line and in reports. */
  String name();

  /** What the program can do. */
  Capabilities capabilities();

  /** How the program carries out what clients order of it beside an update. */
  default Controls controls() {
    return new NoControls(name());
  }

  /**
   * Rejects an update that this program cannot carry out.
   *
   * @throws dev.freshet.wire.WireException with the field, the value and what is allowed
   */
  default void check(Target target) {
    Refusals.requireMode(this, target.mode());
  }

  /**
   * Rejects a part of an update that this program cannot carry out.
   *
   * @throws dev.freshet.wire.WireException with the field, the value and what is allowed
   */
  default void check(UpdateWeightsRequest request) {
    Refusals.requireWhole(this, request);
    check(Target.of(request));
  }

  /** Whether weight operations have a listener that the data address does not tell. */
  default boolean hasAdminListener() {
    return false;
  }

  /** The directory of the model that a server loaded last or was started with, if it reports it. */
  default Optional<String> servedDirectory(AdminClient server) {
    return Optional.empty();
  }

  /** Makes the weights ready beside the traffic; nothing if the program cannot. */
  default void prepare(AdminCalls calls, Target target) {}

  /**
   * Pauses generation as {@code mode} says, if the program has to be paused to load.
   *
   * @return whether it is paused now
   */
  default boolean pause(AdminCalls calls, UpdateMode mode) {
    return false;
  }

  /**
   * Makes the server generate with the weights, once it is resumed if it was paused.
   *
   * @return what the server serves now, if its answer says so; else it is asked
   */
  Optional<Serving> apply(AdminCalls calls, Target target);

  /**
   * What the server serves.
   *
   * @param expected the version that it should serve; decides for a program that serves several
   * @throws AdminException if it cannot be asked
   */
  Serving ask(AdminClient server, long expected);

  /**
   * Whether the server accepts requests.
   *
   * @throws AdminException if it cannot be asked
   */
  default boolean healthy(AdminClient server) {
    return server.health().healthy();
  }

  /**
   * Asks whether the engine of a serving server responds, if the program tells that. Not asked
   * during an update, in which a load may keep the engine busy.
   *
   * @throws AdminException if it does not respond
   */
  default void requireEngine(AdminClient server) {}

  /**
   * Asks whether the server answers at all, which it does also while it loads weights.
   *
   * @throws AdminException if it does not
   */
  default void greet(AdminClient server) {
    var _ = server.health();
  }

  /** What {@link #ask} reports once {@code target} is applied, if it reports a version. */
  default String nameOf(Target target) {
    return target.name();
  }

  /** Resumes generation. May be repeated. */
  default void resume(AdminCalls calls) {}

  /**
   * Undoes what {@code target} has prepared or applied, if the program {@linkplain
   * Capabilities#retains retains} the replaced version.
   */
  default void undo(AdminCalls calls, Target target) {}

  /**
   * Waits until no load can be running, although the answer to one was lost.
   *
   * @return false for a program of which this cannot be found out
   * @throws AdminException if a load may still be running
   */
  default boolean idle(AdminCalls calls) {
    return false;
  }

  /**
   * The checksums of the tensors that the server generates with, by name, while it is not paused;
   * empty if it does not compute them.
   *
   * @throws AdminException if it cannot be asked
   */
  default Optional<SortedMap<String, String>> checksums(AdminClient server, Duration within) {
    return Optional.empty();
  }

  /**
   * How the server is asked for completions; versions of a program are distinguished by asking.
   *
   * @throws AdminException if it cannot be asked
   */
  default Generation generation(AdminClient server) {
    return Generation.SILENT;
  }

  /** The series in which the program reports the requests of its engine; empty if it has none. */
  default Optional<EngineLoad.Series> engineSeries() {
    return Optional.empty();
  }

  /** The model that requests must name to get {@code version}, if not the server's own. */
  default Optional<String> model(long version) {
    return Optional.empty();
  }

  /** The whole update as one call, if the program has one. */
  default Optional<AdminResult> atOnce(AdminCalls calls, UpdateWeightsRequest request) {
    return Optional.empty();
  }
}
