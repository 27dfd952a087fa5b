package dev.freshet.engine;

import dev.freshet.model.Affine;
import dev.freshet.model.ComputeCrew;
import dev.freshet.model.Decoder;
import dev.freshet.model.FloatLinear;
import dev.freshet.model.Linear;
import dev.freshet.model.LoraParameters;
import dev.freshet.model.LoraProducts;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.PackedLinear;
import dev.freshet.model.PlainLinear;
import dev.freshet.model.Pointwise;
import dev.freshet.model.RowAdapters;
import dev.freshet.model.TimedLinear;
import dev.freshet.model.Torch;
import dev.freshet.weights.DType;
import java.util.List;
import java.util.function.Consumer;

/**
 * How the decoders of all versions of an engine compute.
 *
 * @param type the type that they compute in
 * @param packs whether the weights of linear layers are copied into the layout of the processor's
 *     kernels when a version is built
 * @param floatHead whether logits are computed in 32-bit floats
 * @param linearClock sums up the time in linear layers; read by the engine's thread only
 * @param crew the engine's threads; closed with the computation
 * @param rowAdapters which rows of a step use an adapter; set by the engine's thread only
 */
record Computation(
    DType type,
    boolean packs,
    boolean floatHead,
    TimedLinear.Clock linearClock,
    ComputeCrew crew,
    RowAdapters rowAdapters)
    implements AutoCloseable {
  static Computation of(EngineConfig engine, DType stored) {
    DType type = engine.dtype().or(stored);
    boolean packs = engine.packWeights() && PackedLinear.supports(Torch.scalarType(type));
    return new Computation(
        type,
        packs,
        engine.headDtype() == EngineConfig.HeadPrecision.FLOAT32 && type != DType.F32,
        new TimedLinear.Clock(),
        ComputeCrew.of(engine.threads()),
        new RowAdapters());
  }

  /**
   * A decoder over weights, which must stay open; if it packs, only those that are not linear.
   *
   * @param packed receives layers that were packed, as soon as they are
   */
  Decoder decoder(ModelWeights weights, Consumer<List<Affine>> packed) {
    return new Decoder(
        weights,
        timed(rowAdapters.beside(linears(packed))),
        timed(rowAdapters.beside(heads(packed))),
        Pointwise.vectors(crew));
  }

  /** An adapter to be computed beside the decoders, in memory of its own. */
  LoraProducts products(LoraParameters adapter) {
    LoraProducts products =
        new LoraProducts(adapter, Torch.scalarType(type), linears(_ -> {}), heads(_ -> {}));
    if (packs) {
      products.releaseMatrices();
    }
    return products;
  }

  private Linear.Maker linears(Consumer<List<Affine>> packed) {
    if (!packs) {
      return PlainLinear::new;
    }
    return layers -> {
      Linear linear = new PackedLinear(layers);
      packed.accept(layers);
      return linear;
    };
  }

  private Linear.Maker heads(Consumer<List<Affine>> packed) {
    return floatHead ? layers -> new FloatLinear(layers, PlainLinear::new) : linears(packed);
  }

  @Override
  public void close() {
    crew.close();
  }

  private Linear.Maker timed(Linear.Maker linears) {
    return layers -> new TimedLinear(linears.make(layers), linearClock);
  }
}
