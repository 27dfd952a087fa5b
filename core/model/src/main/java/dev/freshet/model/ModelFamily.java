package dev.freshet.model;

import dev.freshet.trace.Quoted;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The supported decoder families, by the {@code model_type} of their {@code config.json}. */
public enum ModelFamily {
  LLAMA("LlamaForCausalLM"),
  MISTRAL("MistralForCausalLM"),
  QWEN2("Qwen2ForCausalLM"),
  QWEN3("Qwen3ForCausalLM");

  private final String architecture;

  ModelFamily(String architecture) {
    this.architecture = architecture;
  }

  /** The value of {@code model_type}. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The class name in {@code architectures}. */
  String architecture() {
    return architecture;
  }

  static ModelFamily of(String modelType) {
    return Arrays.stream(values())
        .filter(family -> family.wireName().equals(modelType))
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    "model_type %s is not supported: expected one of %s"
                        .formatted(
                            Quoted.of(modelType),
                            Arrays.stream(values())
                                .map(ModelFamily::wireName)
                                .collect(Collectors.joining(", ")))));
  }
}
