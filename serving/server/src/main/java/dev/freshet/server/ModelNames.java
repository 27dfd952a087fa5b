package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.Engine;
import dev.freshet.engine.LoadedAdapter;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.JsonBuffer;
import dev.freshet.trace.Quoted;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The models that completion requests may name: the base model and the adapters that are loaded
 * now. Answers {@code /v1/models} as vLLM does.
 */
final class ModelNames {
  private final Engine engine;
  private final String root;
  private final long startedSeconds;

  /**
   * @param root the location of the base model
   * @param startedSeconds when the server started, in seconds since the epoch
   */
  ModelNames(Engine engine, String root, long startedSeconds) {
    this.engine = engine;
    this.root = root;
    this.startedSeconds = startedSeconds;
  }

  /** The adapter that a request names as its model; empty for the base model. */
  Optional<String> adapter(Optional<String> model) {
    return model.filter(name -> !name.equals(engine.modelName()));
  }

  /**
   * Requires the name of a served model.
   *
   * @throws ApiException 404 if it is not
   */
  void require(String name) {
    if (adapter(Optional.of(name)).isPresent()) {
      var _ = loaded(name);
    }
  }

  private LoadedAdapter loaded(String name) {
    List<LoadedAdapter> adapters = engine.adapters();
    return adapters.stream()
        .filter(adapter -> adapter.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ApiException(
                    ApiError.notFound(
                        "model_not_found",
                        "model: %s is not served, expected %s"
                            .formatted(Quoted.of(name), served(adapters)))));
  }

  private String served(List<LoadedAdapter> adapters) {
    return Stream.concat(
            Stream.of("'%s'".formatted(engine.modelName())),
            adapters.stream().map(adapter -> Quoted.of(adapter.name())))
        .collect(Collectors.joining(" or "));
  }

  /** The answer to {@code GET /v1/models}. */
  byte[] list() {
    JsonBuffer out = new JsonBuffer().raw(ascii("{\"object\":\"list\",\"data\":["));
    base(out);
    for (LoadedAdapter adapter : engine.adapters()) {
      out.raw(',');
      adapted(out, adapter);
    }
    return out.raw(ascii("]}")).toBytes();
  }

  /**
   * The answer to {@code GET /v1/models/} with a name.
   *
   * @throws ApiException 404 if it is not that of a served model
   */
  byte[] one(String name) {
    JsonBuffer out = new JsonBuffer();
    if (name.equals(engine.modelName())) {
      base(out);
    } else {
      adapted(out, loaded(name));
    }
    return out.toBytes();
  }

  private void base(JsonBuffer out) {
    head(out, engine.modelName(), root);
    out.raw('}');
  }

  private void adapted(JsonBuffer out, LoadedAdapter adapter) {
    head(out, adapter.name(), adapter.dir().toString());
    out.raw(ascii(",\"parent\":")).string(engine.modelName()).raw('}');
  }

  private void head(JsonBuffer out, String name, String location) {
    out.raw(ascii("{\"id\":"))
        .string(name)
        .raw(ascii(",\"object\":\"model\",\"created\":"))
        .integer(startedSeconds)
        .raw(ascii(",\"owned_by\":\"freshet\",\"root\":"))
        .string(location)
        .raw(ascii(",\"max_model_len\":"))
        .integer(engine.maxModelLen());
  }
}
