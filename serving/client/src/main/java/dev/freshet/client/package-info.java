/**
 * Talks to inference servers: the wire records of both ends, the dedicated admin client and the
 * streaming client. Holds no server code.
 */
@NullMarked
package dev.freshet.client;

import org.jspecify.annotations.NullMarked;
