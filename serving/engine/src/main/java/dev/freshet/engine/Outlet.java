package dev.freshet.engine;

import java.util.List;

/**
 * Where the engine puts tokens. One outlet serves many completions (the front has one per event
 * loop), so that a decode step costs one hand-over per outlet, not one per token.
 */
@FunctionalInterface
public interface Outlet {
  /**
   * Takes the events of one engine step for all completions of this outlet, in the order they were
   * submitted. Called on the engine's thread: must neither block nor throw. The list is the
   * receiver's to keep.
   */
  void deliver(List<TokenEvent> events);
}
