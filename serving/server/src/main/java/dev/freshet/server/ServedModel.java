package dev.freshet.server;

import java.util.Set;

/**
 * What the front has to know of the model beyond what the engine tells.
 *
 * @param root where the base model lies, as {@code /v1/models} shows it
 * @param eosTokens the model's own end tokens
 */
public record ServedModel(String root, Set<Integer> eosTokens) {
  public ServedModel {
    eosTokens = Set.copyOf(eosTokens);
  }
}
