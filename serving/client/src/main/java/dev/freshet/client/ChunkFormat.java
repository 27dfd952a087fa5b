package dev.freshet.client;

import dev.freshet.wire.WireReader;

/**
 * How one route streams a completion: reads the fields of an event into the assembler for which it
 * was made. An event that holds an error is not read to its end.
 */
interface ChunkFormat {
  /**
   * Reads or skips one field of an event.
   *
   * @throws dev.freshet.wire.WireException if it is not of this format
   */
  void field(String name, WireReader in);

  /** The event has no more fields. */
  default void end() {}
}
