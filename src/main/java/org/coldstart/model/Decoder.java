package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.DecodedLayers;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.AttentionSpan.AttentionContext;

/**
 * The network: token ids become vectors by looking up rows of the embedding matrix, the vectors go through the layers
 * one after the other, and the head turns the last layer's output into logits.
 *
 * <p>
 * It knows neither adapters nor training: an adapter puts itself on the {@link #linears}, and which parameters get
 * gradients is for the {@link ForwardContext}'s {@link Gradients} to say.
 */
final class Decoder {

  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";

  private final Weights weights;
  private final Map<LayerType, AttentionSpan> spans;
  private final List<DecoderLayer> layers;
  private final Norm norm;
  private final Map<String, Linear> linears;
  private final int hiddenSize;
  private final double embeddingScale;
  private final double logitCap;
  private final boolean tied;

  private final DecodedLayers decoded;

  /** The head in fewer bits, or null. */
  private final Linear packedHead;

  /** Loads the network's parameters, in the order of the forward pass. */
  Decoder(ModelConfig config, TensorSource source, Weights weights, DType dtype) {
    this.weights = weights;
    hiddenSize = config.hiddenSize();
    embeddingScale = config.embeddingScale();
    logitCap = config.logitSoftcap() == null ? 0 : config.logitSoftcap();
    tied = config.tieWordEmbeddings();
    spans = AttentionSpan.all(weights.newManager(), config.attention());
    weights.load(source, EMBEDDING, config.vocabSize(), hiddenSize);
    LayerLoader loader = new LayerLoader(config, source, weights, dtype);
    layers = IntStream.range(0, config.numHiddenLayers()).mapToObj(loader::layer).toList();
    norm = loader.norm("model.norm");
    linears = loader.linears();
    if (!tied) {
      weights.load(source, HEAD, config.vocabSize(), hiddenSize);
    }
    packedHead = dtype.packed() ? packedHead(dtype) : null;
    decoded = decoded(config);
  }

  private DecodedLayers decoded(ModelConfig config) {
    return new DecodedLayers(layers.stream().flatMap(DecoderLayer::norms).toArray(NDArray[]::new),
        layers.stream().flatMap(DecoderLayer::products).flatMap(Linear::tensors).toArray(NDArray[]::new),
        config.attention().layerTypes().stream().mapToLong(LayerType::ordinal).toArray(), norm.eps(),
        norm.onePlusWeight(), layers.get(0).feedForward().silu(), config.attention().scale(),
        layers.get(0).attention().cap());
  }

  /** The head in fewer bits; rows of the embedding are looked up in bf16 then. */
  private Linear packedHead(DType dtype) {
    Linear packed = new Linear(headWeight(), null).packed(dtype);
    weights.replace(EMBEDDING, TorchOps.toBf16(embedding()));
    if (!tied) {
      weights.remove(headWeight());
    }
    return packed;
  }

  /** Token ids of any shape → the last layer's output, (…, hidden). */
  NDArray forward(NDArray inputIds, ForwardContext pass) {
    NDArray x = embed(inputIds.flatten());
    for (DecoderLayer layer : layers) {
      x = layer.forward(x, pass);
    }
    return x.reshape(inputIds.getShape().add(hiddenSize));
  }

  /** Embeddings of token ids, (n) → (n, hidden). */
  NDArray embed(NDArray inputIds) {
    long rows = embedding().getShape().get(0);
    for (long id : inputIds.toLongArray()) {
      requireRow(id, rows);
    }
    NDArray x = DecoderOps.embedding(inputIds, embedding());
    return embeddingScale == 1 ? x : x.mul(embeddingScale);
  }

  /** Refuses a token id that the embedding has no row for with an {@link IllegalArgumentException}. */
  static void requireRow(long id, long rows) {
    if (id < 0 || id >= rows) {
      throw new IllegalArgumentException(("Token id %d has no row: the embedding has rows 0 to %d."
          + " Call model.resizeTokenEmbeddings(tokenizer) first.")
        .formatted(id, rows - 1));
    }
  }

  /** Adds to the embedding matrix's gradient what {@link #embed} passes back. */
  void backwardEmbed(NDArray dx, NDArray inputIds, ForwardContext pass) {
    NDArray d = embeddingScale == 1 ? dx : dx.mul(embeddingScale);
    pass.gradients().addLookedUp(embedding(), inputIds, d);
  }

  /** The final norm and the logits, over the head's matrix as it is now. */
  LmHead head() {
    return new LmHead(norm, packedHead == null ? new Linear(headWeight(), null) : packedHead, logitCap);
  }

  /**
   * A pass over packed sequences.
   *
   * @param start the position of each sequence's first token: the length of the prefix they continue, or 0
   */
  ForwardContext packed(NDManager out, long[] seqLens, int start, Precision precision) {
    return ForwardContext.packed(precision, seqLens, start,
        contexts(span -> span.packed(out, seqLens, start, precision)));
  }

  /** The next tokens of a cache's rows, (batch, time) → (batch · time, hidden), in f32. */
  NDArray decode(NDArray inputIds, KvCache cache) {
    NDArray x = embed(inputIds.flatten());
    int time = (int) inputIds.getShape().get(1);
    NDArray[] keys = new NDArray[layers.size()];
    NDArray[] values = new NDArray[keys.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = cache.reserved(i, time).keys();
      values[i] = cache.reserved(i, time).values();
    }
    DecoderOps.decode(x, decoded, deltas(), reach(cache, x.getManager(), time), keys, values, cache.batchSize(),
        cache.length());
    cache.advance(time);
    return x;
  }

  private DecodedLayers.Deltas deltas() {
    if (linears.values().stream().noneMatch(Linear::adapted)) {
      return DecodedLayers.Deltas.NONE;
    }
    // Seven a layer, in the order of the forward pass
    return new DecodedLayers.Deltas(linears.values().stream().flatMap(Linear::lowRank).toArray(NDArray[]::new),
        linears.values().stream().mapToDouble(each -> each.adapted() ? each.delta().scale() : 0).toArray());
  }

  private DecodedLayers.Reach reach(KvCache cache, NDManager out, int time) {
    NDArray[][] tensors = new NDArray[3][LayerType.values().length];
    Stream.of(tensors).forEach(each -> Arrays.fill(each, Linear.NONE));
    long[] starts = new long[tensors[0].length];
    contexts(span -> span.after(cache, out, time)).forEach((type, context) -> {
      tensors[0][type.ordinal()] = context.cos();
      tensors[1][type.ordinal()] = context.sin();
      tensors[2][type.ordinal()] = context.mask() == null ? Linear.NONE : context.mask();
      starts[type.ordinal()] = cache.firstColumn(context.window());
    });
    return new DecodedLayers.Reach(tensors[0], tensors[1], tensors[2], starts);
  }

  /** How many of the matrices that activations are multiplied with are held in each type. */
  Map<DType, Long> dtypes() {
    return Stream.concat(layers.stream().flatMap(DecoderLayer::products), Stream.of(head().output()))
      .collect(Collectors.groupingBy(Linear::dtype, TreeMap::new, Collectors.counting()));
  }

  private Map<LayerType, AttentionContext> contexts(Function<AttentionSpan, AttentionContext> context) {
    Map<LayerType, AttentionContext> contexts = new EnumMap<>(LayerType.class);
    spans.forEach((type, span) -> contexts.put(type, context.apply(span)));
    return contexts;
  }

  List<DecoderLayer> layers() {
    return layers;
  }

  int hiddenSize() {
    return hiddenSize;
  }

  /** The linear layers that an adapter can be put on, by name, in the order of the forward pass. */
  Map<String, Linear> linears() {
    return linears;
  }

  /** The weights that activations are multiplied with. */
  List<NDArray> matrices() {
    List<NDArray> matrices = new ArrayList<>(linears.values().stream().map(Linear::weight).toList());
    matrices.add(headWeight());
    return matrices;
  }

  /** The embedding matrix, shape (vocabulary, hidden). */
  NDArray embedding() {
    return weights.get(EMBEDDING);
  }

  /** The head's matrix, likewise: the embedding itself where the two are tied. */
  NDArray headWeight() {
    return tied ? embedding() : weights.get(HEAD);
  }
}
