package dev.freshet.trace;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parts of the time of a weight operation, in milliseconds. The log, the flight recorder,
 * spans, metrics, reports and the dashboard all iterate this list, so a new part is one line here.
 */
public enum UpdatePart {
  WALL("wall", Side.CLIENT, null, "client.send to client.done"),
  RPC("rpc", Side.SERVER, WALL, "rpc.start to rpc.done: the engine's work"),
  QUEUE("queue", Side.CLIENT, WALL, "wall less rpc: everything that is not the engine's work"),
  CONNECT("connect", Side.CLIENT, QUEUE, "client.send to the connection established"),
  ACCEPT("accept", Side.CLIENT, QUEUE, "connection established to server.recv"),
  HANDLER("handler", Side.SERVER, QUEUE, "server.recv to rpc.start"),
  ANSWER("answer", Side.CLIENT, QUEUE, "rpc.done to client.done"),
  TRANSFER("transfer", Side.CLIENT, QUEUE, "accept and answer together"),
  STALL("stall", Side.SERVER, null, "how long decoding was held between two steps"),
  PREPARE("prepare", Side.SERVER, RPC, "making a checkpoint ready, while decoding continues"),
  MAP("map", Side.SERVER, PREPARE, "reading the manifest and mapping the files"),
  FAULT("fault", Side.SERVER, PREPARE, "faulting in every page of the mapping"),
  VERIFY("verify", Side.SERVER, PREPARE, "checking the content of every tensor"),
  BUILD("build", Side.SERVER, PREPARE, "building the decoder: packing its weights"),
  WAIT_STEP("wait_step", Side.SERVER, RPC, "until the decode step in progress ended"),
  PAUSE("pause", Side.SERVER, RPC, "decoding held, or the call that pauses another program"),
  SWAP("swap", Side.SERVER, PAUSE, "swapping one reference between two decode steps"),
  RECOMPUTE("recompute", Side.SERVER, PAUSE, "discarding the KV cache, which later steps rebuild"),
  LOAD("load", Side.CLIENT, WALL, "the call by which another program loads a checkpoint"),
  RESET_CACHE("reset_cache", Side.CLIENT, WALL, "the call that resets its prefix cache"),
  VERSION("version", Side.CLIENT, WALL, "the call that sets its version name"),
  RESUME("resume", Side.CLIENT, WALL, "the call that resumes it");

  /** The side that measures a part. */
  public enum Side {
    CLIENT,
    SERVER
  }

  /** The suffix of every wire name: the unit. */
  private static final String UNIT = "_ms";

  private static final Map<String, UpdatePart> BY_NAME =
      Stream.of(values()).collect(Collectors.toMap(UpdatePart::wireName, Function.identity()));

  private final String label;
  private final Side side;
  private final @Nullable UpdatePart parent;
  private final String description;

  UpdatePart(String label, Side side, @Nullable UpdatePart parent, String description) {
    this.label = label;
    this.side = side;
    this.parent = parent;
    this.description = description;
  }

  /** The name with the unit, used in the log, JSON and tables: {@code handler_ms}. */
  public String wireName() {
    return label + UNIT;
  }

  /** The name without the unit, used in metrics, spans and the flight recorder: {@code handler}. */
  public String label() {
    return label;
  }

  /** The side that measures it. */
  public Side side() {
    return side;
  }

  /** The part that contains it. */
  public Optional<UpdatePart> parent() {
    return Optional.ofNullable(parent);
  }

  /** What it spans, in words. */
  public String description() {
    return description;
  }

  /**
   * Whether it is a phase of an update's work: a part of {@link #RPC}, or a call that updates
   * another program.
   */
  public boolean isPhase() {
    boolean calls = parent == WALL && this != RPC && this != QUEUE;
    return calls || parent == RPC || (parent != null && parent.isPhase());
  }

  /** The number of parts that contain it. */
  public int depth() {
    return parent == null ? 0 : parent.depth() + 1;
  }

  /** The part with a wire name, if there is one. */
  public static Optional<UpdatePart> of(String wireName) {
    return Optional.ofNullable(BY_NAME.get(wireName));
  }

  /** The label of a wire name, which may be unknown here. */
  public static String label(String wireName) {
    return wireName.endsWith(UNIT)
        ? wireName.substring(0, wireName.length() - UNIT.length())
        : wireName;
  }
}
