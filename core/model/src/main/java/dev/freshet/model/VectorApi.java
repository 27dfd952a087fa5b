package dev.freshet.model;

/** The Vector API of the JVM, in which the kernels of the engine and of the trainer compute. */
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
          "models are computed with Java's Vector API, but this JVM has no module %s: start it with --add-modules %s"
              .formatted(MODULE, MODULE));
    }
  }
}
