package dev.freshet.environments;

/**
 * An environment whose episodes the caller plays turn by turn. It deals in messages and knows
 * neither tokens nor models: {@link Conversation} turns messages into tokens.
 */
public non-sealed interface TurnEnvironment extends Environment {
  /** Begins an attempt at a problem. */
  Episode start(Problem problem);
}
