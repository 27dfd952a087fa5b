/**
 * The HTTP server that every role uses: listeners, connections and their limits, answers,
 * server-sent events and the status pages. It knows no routes of a role.
 */
@NullMarked
package dev.freshet.http;

import org.jspecify.annotations.NullMarked;
