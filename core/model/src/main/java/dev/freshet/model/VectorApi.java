package dev.freshet.model;

/** The Vector API of the JVM, in which the engine's attention and {@link Pointwise} compute. */
public final class VectorApi {
  private static final String MODULE = "jdk.incubator.vector";

  private VectorApi() {}

  /**
   * Checks that the JVM has the Vector API.
   *
   * @throws ModelException if it was started without the module
   */
  public static void require() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      throw new ModelException(
          "the engine computes with Java's Vector API, but this JVM has no module %s: start it with --add-modules %s"
              .formatted(MODULE, MODULE));
    }
  }
}
