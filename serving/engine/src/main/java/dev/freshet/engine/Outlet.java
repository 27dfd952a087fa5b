package dev.freshet.engine;

import java.util.List;

/**
 * Receives tokens from the engine. One outlet serves many completions (the server has one per event
 * loop), so a decode step costs one hand-over per outlet instead of one per token.
 */
@FunctionalInterface
public interface Outlet {
  /**
   * Takes the events of one engine step for all completions of this outlet. Called on the engine's
   * thread: must neither block nor throw. The receiver owns the list.
   */
  void deliver(List<TokenEvent> events);
}
