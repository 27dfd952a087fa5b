/**
 * The interface of an environment and the built-in ones. An environment makes problems and scores
 * answers; it never talks to servers.
 */
@NullMarked
package dev.freshet.environments;

import org.jspecify.annotations.NullMarked;
