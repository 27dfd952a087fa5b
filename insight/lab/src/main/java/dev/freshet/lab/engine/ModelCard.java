package dev.freshet.lab.engine;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.config.ConfigException;
import dev.freshet.lab.LabException;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What a server reports about its model in the answer to {@code GET /v1/models}, as vLLM, SGLang
 * and Freshet do.
 *
 * @param owner the program that serves it, such as {@code freshet} or {@code vllm}
 * @param root the location it was loaded from, if reported: a directory or the name of a model hub
 * @param maxModelLen the most tokens of prompt and completion together, if reported
 */
public record ModelCard(String owner, Optional<String> root, OptionalInt maxModelLen) {
  private static final String ROUTE = "/v1/models";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Asks a server.
   *
   * @param data root URL of its listener for completions
   * @throws dev.freshet.client.AdminException if it cannot be asked, or answers with an error
   * @throws LabException if the answer has no model
   */
  public static ModelCard of(URI data) {
    try (AdminClient client =
        new AdminClient(data, AdminDeadlines.DEFAULT, EventLog.silent(MonotonicClock.SYSTEM))) {
      return parse(data, client.get(ROUTE).body());
    }
  }

  private static ModelCard parse(URI data, byte[] body) {
    JsonNode model;
    try {
      model = JSON.readTree(body).path("data").path(0);
    } catch (JacksonException e) {
      throw noModel(data, e.getOriginalMessage());
    }
    if (!model.isObject()) {
      throw noModel(data, "no entry in data");
    }
    return new ModelCard(
        model.path("owned_by").asString("server"),
        Optional.of(model.path("root").asString("")).filter(root -> !root.isEmpty()),
        model.path("max_model_len").isInt()
            ? OptionalInt.of(model.path("max_model_len").asInt())
            : OptionalInt.empty());
  }

  /** The directory on this machine that the model was loaded from, if it is one. */
  public Optional<Path> directory() {
    return root.map(Path::of).filter(Files::isDirectory);
  }

  /**
   * Requires that the server can carry out a load on a checkpoint.
   *
   * @param server the option and URL of the server, for messages
   * @throws ConfigException if it serves another directory or its completions are shorter
   */
  public void require(String server, Path checkpoint, EngineLoad load) {
    directory()
        .filter(dir -> !isSame(dir, checkpoint))
        .ifPresent(
            dir -> {
              throw new ConfigException(
                  "%s: serves %s, expected %s".formatted(server, dir, checkpoint));
            });
    maxModelLen.ifPresent(
        most -> {
          if (load.contextTokens() > most) {
            throw new ConfigException(
                "%s: takes at most %d tokens of prompt and completion (max_model_len), expected at least %d for --prompt-tokens %d and --tokens %d"
                    .formatted(
                        server, most, load.contextTokens(), load.promptTokens(), load.tokens()));
          }
        });
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.isSameFile(one, other);
    } catch (IOException e) {
      throw new LabException(
          "%s: cannot be compared with %s: %s".formatted(one, other, e.getMessage()), e);
    }
  }

  private static LabException noModel(URI data, String found) {
    return new LabException(
        "GET %s%s: expected a list with the served model, got %s".formatted(data, ROUTE, found));
  }
}
