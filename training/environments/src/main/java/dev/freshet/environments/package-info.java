/**
 * The interface of an environment, the built-in environments and their registry. An environment
 * makes problems and scores answers; it never talks to servers.
 *
 * <p>To add an environment, write a class that implements {@link Environment}, register it in
 * {@link Environments} and describe it at {@code environment.name} in the configuration reference.
 */
@NullMarked
package dev.freshet.environments;

import org.jspecify.annotations.NullMarked;
