/**
 * The HTTP server of every role: listeners, connections and their limits, answers and server-sent
 * events, the status pages. Knows no routes of a role.
 */
@NullMarked
package dev.freshet.http;

import org.jspecify.annotations.NullMarked;
