package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.TrainingOps;

/**
 * The network: token ids are looked up in the embedding and go through the layers one after the
 * other; the head turns what comes out into scores.
 */
final class Decoder {

  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";

  private final Weights weights;
  private final TrainableParameters trainable;
  private final Map<LayerType, AttentionSpan> horizons;
  private final List<DecoderLayer> layers;
  private final Norm norm;
  private final Map<String, Linear> linears;
  private final int hiddenSize;
  private final double embeddingScale;
  private final double logitCap;
  private final boolean tied;

  /** Loads the network's parameters, in the order of the forward pass. */
  Decoder(ModelConfig config, TensorSource source, Weights weights) {
    this.weights = weights;
    hiddenSize = config.hiddenSize();
    embeddingScale = config.embeddingScale();
    logitCap = config.logitSoftcap() == null ? 0 : config.logitSoftcap();
    tied = config.tieWordEmbeddings();
    horizons = AttentionSpan.all(weights.newManager(), config.attention());
    weights.load(source, EMBEDDING, config.vocabSize(), hiddenSize);
    LayerLoader loader = new LayerLoader(config, source, weights);
    layers = IntStream.range(0, config.numHiddenLayers()).mapToObj(loader::layer).toList();
    norm = loader.norm("model.norm");
    linears = loader.linears();
    if (!tied) {
      weights.load(source, HEAD, config.vocabSize(), hiddenSize);
    }
    trainable = new TrainableParameters(weights, tied);
  }

  /** A pass over whole rows that stand end to end. */
  ForwardContext overRows(NDManager out, long[] rows, Precision precision) {
    return overRows(out, rows, precision, null, null, null);
  }

  /** The same with a way back, which gathers gradients; rows may continue a beginning. */
  ForwardContext overRows(
      NDManager out,
      long[] rows,
      Precision precision,
      Bf16Weights halves,
      Gradients gradients,
      SharedPrefix follows) {
    Map<LayerType, AttentionContext> sights = overRows(out, rows, precision, follows);
    return new ForwardContext(precision, rows, sights, null, halves, null, gradients, null, follows);
  }

  /** A pass over whole rows, which may continue a beginning, into an empty cache. */
  ForwardContext into(KvCache cache, NDManager out, long[] rows, SharedPrefix follows) {
    Map<LayerType, AttentionContext> sights = overRows(out, rows, Precision.F32, follows);
    return new ForwardContext(Precision.F32, rows, sights, cache, null, null, null, null, follows);
  }

  private Map<LayerType, AttentionContext> overRows(
      NDManager out, long[] rows, Precision precision, SharedPrefix follows) {
    int start = follows == null ? 0 : follows.length();
    return sights(horizon -> horizon.overRows(out, rows, start, precision));
  }

  /**
   * Whether rows can continue a beginning: where every layer sees all of a row by the flash kernel.
   *
   * @param longest tokens of the longest row, its beginning included
   */
  boolean canShare(long longest) {
    return horizons.values().stream().allMatch(horizon -> horizon.flash(longest));
  }

  /** A beginning that nothing has been read of; {@code out} owns its tensors. */
  SharedPrefix newBeginning(NDManager out, int length) {
    return new SharedPrefix(out, length, layers.size());
  }

  /** A pass over the next {@code time} tokens of a cache's rows. */
  ForwardContext after(KvCache cache, NDManager out, int time) {
    Map<LayerType, AttentionContext> sights =
        sights(horizon -> horizon.after(cache, out, time, Precision.F32));
    return new ForwardContext(Precision.F32, null, sights, cache, null, null, null, null, null);
  }

  private Map<LayerType, AttentionContext> sights(Function<AttentionSpan, AttentionContext> look) {
    Map<LayerType, AttentionContext> sights = new EnumMap<>(LayerType.class);
    horizons.forEach((type, horizon) -> sights.put(type, look.apply(horizon)));
    return sights;
  }

  /** Token ids of any shape → the last layer's output, (…, hidden). */
  NDArray forward(NDArray inputIds, ForwardContext pass) {
    return Autograd.withoutGradient(
        () -> {
          NDArray x = embed(inputIds.flatten());
          for (DecoderLayer layer : layers) {
            x = layer.forward(x, pass);
          }
          return x.reshape(inputIds.getShape().add(hiddenSize));
        });
  }

  /** Embeddings of token ids, (n) → (n, hidden). */
  NDArray embed(NDArray inputIds) {
    NDArray x = trainable.onLookedUp(DecoderOps.embedding(inputIds, embedding()), inputIds);
    return embeddingScale == 1 ? x : x.mul(embeddingScale);
  }

  /** The way back of {@link #embed}. */
  void backwardEmbed(NDArray dx, NDArray inputIds, ForwardContext pass) {
    NDArray d = embeddingScale == 1 ? dx : dx.mul(embeddingScale);
    NDArray total = pass.gradient(embedding());
    if (total != null) {
      TrainingOps.addAtRows(total, inputIds, d);
    }
    trainable.backwardLookedUp(d, inputIds, pass);
  }

  List<DecoderLayer> layers() {
    return layers;
  }

  int hiddenSize() {
    return hiddenSize;
  }

  /** The final norm and the scores, over the head's matrix as it is now. */
  LmHead head() {
    return new LmHead(norm, new Linear(headWeight(), null), trainable, logitCap);
  }

  /** The layers an adapter can be put on, by name, in the order of the forward pass. */
  Map<String, Linear> linears() {
    return linears;
  }

  /** The weights that activations are multiplied with. */
  List<NDArray> matrices() {
    List<NDArray> matrices =
        new ArrayList<>(linears.values().stream().map(Linear::weight).toList());
    matrices.add(headWeight());
    return matrices;
  }

  /** What of the network is trained. */
  TrainableParameters trainable() {
    return trainable;
  }

  /**
   * The embedding matrix as it is stored, shape (vocabulary, hidden): rows that are trained on
   * their own may be older.
   */
  NDArray embedding() {
    return weights.get(EMBEDDING);
  }

  /** The head's matrix, likewise: the embedding itself where the two are tied. */
  NDArray headWeight() {
    return tied ? embedding() : weights.get(HEAD);
  }
}
