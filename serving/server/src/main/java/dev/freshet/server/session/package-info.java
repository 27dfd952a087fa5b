/**
 * What a session of an agent captures: a tree of turns, each with the exact tokens of its prompt
 * and of its answer. Nothing here knows HTTP, so a caller in the same process can use it as well.
 */
@NullMarked
package dev.freshet.server.session;

import org.jspecify.annotations.NullMarked;
