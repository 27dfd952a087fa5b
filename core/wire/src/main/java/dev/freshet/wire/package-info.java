/**
 * The messages between roles and with other programs: requests, answers, errors and server-sent
 * events, as records with their JSON. Opens no sockets.
 */
@NullMarked
package dev.freshet.wire;

import org.jspecify.annotations.NullMarked;
