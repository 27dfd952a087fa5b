package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

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
    return find(
        server, MODELS, (name, in) -> name.equals("data") ? firstBaseRoot(in) : skipped(in));
  }

  private static Optional<String> firstBaseRoot(WireReader in) {
    List<String> roots = new ArrayList<>();
    in.elements(() -> baseRoot(in).ifPresent(roots::add));
    return roots.stream().findFirst();
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
    return find(
        server, MODEL_INFO, (name, in) -> name.equals("model_path") ? in.scalar() : skipped(in));
  }

  private static Optional<String> skipped(WireReader in) {
    in.skip();
    return Optional.empty();
  }

  /**
   * The first value that {@code read} finds.
   *
   * @param read reads or skips the value of a field
   */
  private static Optional<String> find(
      AdminClient server, String route, BiFunction<String, WireReader, Optional<String>> read) {
    byte[] body = server.get(route).body();
    List<String> found = new ArrayList<>();
    try (WireReader in = WireReader.lenient(body, 0, body.length)) {
      in.document(name -> read.apply(name, in).ifPresent(found::add));
    } catch (WireException e) {
      throw AdminException.sent(server.server() + route, "bad_answer", e.getMessage());
    }
    return found.stream().findFirst();
  }
}
