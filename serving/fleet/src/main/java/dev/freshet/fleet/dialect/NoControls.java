package dev.freshet.fleet.dialect;

import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import java.util.List;

/**
 * The controls of a program that is only updated.
 *
 * @param program its name
 */
record NoControls(String program) implements Controls {
  private Call none() {
    return new Call.Unsupported("a %s server takes no such order".formatted(program));
  }

  @Override
  public Call pause(PauseMode mode, boolean clearCache) {
    return none();
  }

  @Override
  public Call resume() {
    return none();
  }

  @Override
  public Call abort(AbortRequest request) {
    return none();
  }

  @Override
  public Call flush() {
    return none();
  }

  @Override
  public Call load(AdapterRequest adapter) {
    return none();
  }

  @Override
  public Call unload(AdapterRequest adapter) {
    return none();
  }

  @Override
  public List<String> routes() {
    return List.of();
  }
}
