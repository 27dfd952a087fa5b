/**
 * The interface of an environment, the built-in environments and their registry. An environment
 * makes problems and scores answers in messages; {@link Conversation} and {@link PromptFormat} turn
 * them into tokens. An environment of another program may play its episodes itself. Nothing here
 * talks to inference servers.
 *
 * <p>To add an environment, write a class that implements {@link TurnEnvironment}, with the record
 * of its difficulty, register it in {@link Environments} and describe it in {@code
 * docs/environments.md}.
 */
@NullMarked
package dev.freshet.environments;

import org.jspecify.annotations.NullMarked;
