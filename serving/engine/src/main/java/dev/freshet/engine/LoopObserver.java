package dev.freshet.engine;

/** Learns the state of a decode loop, on the loop's thread. */
interface LoopObserver {
  /** A version serves; called before its first token is made. */
  void serves(long version);

  /** The loop is paused, or no longer; called before the request for it is answered. */
  void paused(boolean paused);

  /** The loop has ended because of an error, and has answered everything that waited for it. */
  void failed(EngineException why);
}
