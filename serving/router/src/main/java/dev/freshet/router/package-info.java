/**
 * The front of a fleet: relays requests to the replicas byte for byte, chooses the replica, and
 * keeps weight operations off the data path. It knows no engine.
 */
@NullMarked
package dev.freshet.router;

import org.jspecify.annotations.NullMarked;
