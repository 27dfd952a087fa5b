package dev.freshet.server;

import java.util.Set;

/**
 * Facts about the served model that the engine does not provide.
 *
 * @param root the location of the base model, as {@code /v1/models} shows it
 * @param eosTokens the model's end-of-sequence tokens
 */
public record ServedModel(String root, Set<Integer> eosTokens) {
  public ServedModel {
    eosTokens = Set.copyOf(eosTokens);
  }
}
