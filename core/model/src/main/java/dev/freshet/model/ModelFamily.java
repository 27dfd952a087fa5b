package dev.freshet.model;

import dev.freshet.trace.Quoted;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The supported decoder families, by the {@code model_type} of their {@code config.json}, and what
 * each of them changes about the decoder whatever its configuration.
 */
public enum ModelFamily {
  LLAMA("LlamaForCausalLM"),
  MISTRAL("MistralForCausalLM"),
  QWEN2("Qwen2ForCausalLM"),
  QWEN3("Qwen3ForCausalLM"),
  SMOLLM3("SmolLM3ForCausalLM"),
  PHI3("Phi3ForCausalLM"),
  GEMMA3_TEXT("Gemma3ForCausalLM");

  /** The function that the MLP applies to its gate. */
  public enum Activation {
    SILU("silu"),
    /** GELU, approximated with tanh. */
    GELU_TANH("gelu_pytorch_tanh");

    private final String wireName;

    Activation(String wireName) {
      this.wireName = wireName;
    }

    /** Its name in a {@code config.json}. */
    String wireName() {
      return wireName;
    }
  }

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

  /** The MLP's activation. */
  public Activation activation() {
    return this == GEMMA3_TEXT ? Activation.GELU_TANH : Activation.SILU;
  }

  /** The key of the activation in a {@code config.json}. */
  String activationKey() {
    return this == GEMMA3_TEXT ? "hidden_activation" : "hidden_act";
  }

  /** Whether query and key are normalised per head before rotation. */
  public boolean queryKeyNorm() {
    return this == QWEN3 || this == GEMMA3_TEXT;
  }

  /**
   * Whether a checkpoint stores the projections to query, key and value as one matrix, {@code
   * qkv_proj}, and those to gate and up as another one, {@code gate_up_proj}.
   */
  public boolean fusedProjections() {
    return this == PHI3;
  }

  /**
   * Whether the outputs of attention and MLP are normalised before they are added to the residual
   * stream.
   */
  public boolean outputNorms() {
    return this == GEMMA3_TEXT;
  }

  /** Whether a norm multiplies by 1 + its weight, in 32-bit floats. */
  public boolean offsetNorms() {
    return this == GEMMA3_TEXT;
  }

  /** Whether embeddings are multiplied by √hiddenSize, rounded to their type. */
  public boolean scaledEmbeddings() {
    return this == GEMMA3_TEXT;
  }

  /** Whether a configuration can give the MLP's projections biases. */
  boolean mayHaveMlpBias() {
    return this == LLAMA || this == SMOLLM3;
  }

  /** Whether all layers have the sliding window if one is configured. */
  boolean windowOfAllLayers() {
    return this == MISTRAL || this == PHI3;
  }

  static ModelFamily of(String modelType) {
    return Arrays.stream(values())
        .filter(family -> family.wireName().equals(modelType))
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    "model_type %s is not supported: expected one of %s"
                        .formatted(Quoted.of(modelType), supported())));
  }

  private static String supported() {
    return Arrays.stream(values()).map(ModelFamily::wireName).collect(Collectors.joining(", "));
  }
}
