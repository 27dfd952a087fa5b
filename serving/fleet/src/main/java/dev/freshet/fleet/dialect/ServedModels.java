package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.wire.WireReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The models that a vLLM server lists at {@code GET /v1/models}. */
final class ServedModels {
  /**
   * @param id the name that requests give it
   * @param root where it was found: a directory or the name of a model hub
   * @param adapter whether it is an adapter, which has a {@code parent}
   */
  record Model(String id, Optional<String> root, boolean adapter) {}

  private ServedModels() {}

  /**
   * All models, in the server's order.
   *
   * @throws dev.freshet.client.AdminException if the server cannot be asked
   */
  static List<Model> of(AdminClient server) {
    return Answers.find(server, "/v1/models", "data", in -> Optional.of(models(in)))
        .orElse(List.of());
  }

  /** Where the first model that is not an adapter was found. */
  static Optional<String> root(AdminClient server) {
    return of(server).stream().filter(model -> !model.adapter()).findFirst().flatMap(Model::root);
  }

  private static List<Model> models(WireReader in) {
    List<Model> models = new ArrayList<>();
    in.elements(() -> models.add(model(in)));
    return models;
  }

  private static Model model(WireReader in) {
    var found =
        new Object() {
          String id = "";
          Optional<String> root = Optional.empty();
          boolean adapter;
        };
    in.fields(
        name -> {
          switch (name) {
            case "id" -> found.id = in.text();
            case "root" -> found.root = in.scalar();
            case "parent" -> found.adapter = in.scalar().isPresent();
            default -> in.skip();
          }
        });
    return new Model(found.id, found.root, found.adapter);
  }
}
