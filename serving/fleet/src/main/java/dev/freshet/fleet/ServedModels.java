package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Where a server found its model, as it reports it: a directory or the name of a model hub. */
final class ServedModels {
  private static final String MODELS = "/v1/models";
  private static final String MODEL_INFO = "/model_info";

  private ServedModels() {}

  /**
   * The {@code root} of the base model in the answer to {@code GET /v1/models} (vLLM). An adapter,
   * which has a {@code parent}, is not the base model.
   *
   * @throws AdminException if the server cannot be asked
   */
  static Optional<String> root(AdminClient server) {
    var found =
        new Object() {
          Optional<String> base = Optional.empty();
        };
    read(
        server,
        MODELS,
        (name, in) -> {
          if (name.equals("data")) {
            in.elements(
                () -> {
                  Optional<String> root = baseRoot(in);
                  found.base = found.base.or(() -> root);
                });
          } else {
            in.skip();
          }
        });
    return found.base;
  }

  private static Optional<String> baseRoot(WireReader in) {
    var model =
        new Object() {
          Optional<String> root = Optional.empty();
          boolean adapter;
        };
    in.fields(
        name -> {
          switch (name) {
            case "root" -> model.root = in.scalar();
            case "parent" -> model.adapter = in.scalar().isPresent();
            default -> in.skip();
          }
        });
    return model.adapter ? Optional.empty() : model.root;
  }

  /**
   * The {@code model_path} in the answer to {@code GET /model_info} (SGLang).
   *
   * @throws AdminException if the server cannot be asked
   */
  static Optional<String> modelPath(AdminClient server) {
    var found =
        new Object() {
          Optional<String> path = Optional.empty();
        };
    read(
        server,
        MODEL_INFO,
        (name, in) -> {
          if (name.equals("model_path")) {
            found.path = in.scalar();
          } else {
            in.skip();
          }
        });
    return found.path;
  }

  private static void read(AdminClient server, String route, BiConsumer<String, WireReader> field) {
    byte[] body = server.get(route).body();
    try (WireReader in = WireReader.lenient(body, 0, body.length)) {
      in.document(name -> field.accept(name, in));
    } catch (WireException e) {
      throw AdminException.sent(server.server() + route, "bad_answer", e.getMessage());
    }
  }
}
