/**
 * The HTTP front of the inference server: a data listener for completions and an admin listener for
 * weight operations, each with event loops of its own. A stream is written by its event loop, one
 * hand-over from the engine a step and loop; a weight operation runs on a thread of its own, so
 * that neither ever waits for the other.
 */
@NullMarked
package dev.freshet.server;

import org.jspecify.annotations.NullMarked;
