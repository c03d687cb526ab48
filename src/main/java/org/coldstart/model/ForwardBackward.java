package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * Runs batches forward and backward through a model, and adds up the gradients of what is trained.
 *
 * <pre>{@code
 * try (ForwardBackward pass = model.trainingPass(Precision.fastest(), false)) {
 *   LossSums sums = pass.forwardBackward(ids, seqLens, positions, labels, 1.0 / labels.length);
 *   NDArray gradient = pass.gradients().of(parameter);
 * }
 * }</pre>
 *
 * <p>
 * A layer keeps its input, its queries, keys and values, what attention gave, and the two halves of its gated unit.
 * With gradient checkpointing (Chen et al., 2016) all layers keep their input only, and each runs forward a second time
 * just before its backward: less memory for a third more work, and the same gradients to the bit. Of a prefix that
 * sequences share, each layer's keys and values and their gradients are kept as well, until the step's end.
 */
public final class ForwardBackward implements AutoCloseable {

  private final CausalLm model;
  private final Decoder decoder;
  private final Precision precision;
  private final boolean checkpointing;
  private final Map<String, NDArray> trained;
  private final NDManager manager;
  private final Gradients gradients;

  /** Weights rounded to bf16 once an optimizer step, not once a batch; two bytes a value. */
  private final Map<NDArray, NDArray> bf16Copies = new IdentityHashMap<>();

  /** The pass through the sequences' shared prefix; null if they are read whole. */
  private Pass prefix;

  ForwardBackward(CausalLm model, Precision precision, boolean checkpointing) {
    model.trainable().requireF32();
    this.model = model;
    decoder = model.decoder();
    this.precision = precision;
    this.checkpointing = checkpointing;
    trained = model.trainableParameters();
    gradients = new Gradients(trained, model.trainable().tokens());
    manager = Torch.newManager();
    try {
      model.trainable().writeTokens();
      if (precision == Precision.BF16 && !checkpointing) { // checkpointing is to save memory, which copies would cost
        for (NDArray weight : decoder.matrices()) {
          bf16Copies.put(weight, TorchOps.toBf16(weight));
          bf16Copies.get(weight).attach(manager);
        }
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  /** The gradients gathered since they were cleared last. */
  public Gradients gradients() {
    return gradients;
  }

  /** How many tokens a batch should hold at most: larger ones run no faster, but keep more activations. */
  public int tokensAtOnce() {
    int cpu = precision == Precision.F32 ? 512 : 1024; // in bf16 every batch casts all weight gradients
    return Torch.device().isGpu() ? 4096 : cpu;
  }

  /**
   * Reads the prefix that all sequences of a step share, such as a system message, once for all of them. The batches up
   * to {@link #endRows} leave these tokens out; losses and gradients are those of whole sequences.
   *
   * @param contexts each sequence's tokens before the first position that predicts a label
   * @return how many tokens were read; 0 if that would not pay
   */
  public int beginRows(List<int[]> contexts) {
    closePrefix();
    int length = SharedPrefix.sharedBy(contexts);
    if (length == 0) {
      return 0;
    }
    long[] ids = Arrays.stream(contexts.get(0), 0, length).asLongStream().toArray();
    prefix = new Pass(ids, new long[] {length}, true);
    prefix.forward(UnaryOperator.identity()).close();
    return length;
  }

  /** The length of a prefix that would be read once for all of several sequences; 0 if that would not pay. */
  public static int sharedPrefix(List<int[]> contexts) {
    return SharedPrefix.sharedBy(contexts);
  }

  /** Runs backward through the prefix, if one was read, with what the sequences have added up. */
  public void endRows() {
    if (prefix != null) {
      prefix.backward(prefix.zeros());
      closePrefix();
    }
  }

  private void closePrefix() {
    if (prefix != null) {
      prefix.close();
      prefix = null;
    }
  }

  /**
   * One batch of packed sequences forward and backward.
   *
   * @param inputIds all sequences' token ids, without the prefix that {@link #beginRows} has read
   * @param seqLens the sequences' lengths, together as many as there are ids; no position attends to another sequence
   * @param positions where a label is predicted, ascending indices into {@code inputIds}
   * @param labels what should be predicted there
   * @param scale what the summed loss is multiplied by before gradients are taken: one divided by the labels of all
   * batches of an optimizer step
   */
  public LossSums forwardBackward(long[] inputIds, long[] seqLens, long[] positions, long[] labels, double scale) {
    LabelWeights weights = new LabelWeights(null, scale, 1);
    return forwardBackward(inputIds, seqLens, positions, labels, weights, UnaryOperator.identity()).sums();
  }

  /**
   * The same with weights of the labels, and a change to the embeddings, such as noise.
   *
   * @param onEmbeddings takes and gives shape (n, hidden); gradients pass it unchanged
   */
  public Predictions forwardBackward(long[] inputIds, long[] seqLens, long[] positions, long[] labels,
      LabelWeights weights, UnaryOperator<NDArray> onEmbeddings) {
    try (Pass pass = new Pass(inputIds, seqLens, false)) {
      NDArray x = pass.forward(onEmbeddings);
      NDArray dx = pass.zeros();
      Predictions predictions = decoder.head().loss(x, positions, labels, pass.plain, weights, dx);
      x.close();
      pass.backward(dx);
      return predictions;
    }
  }

  /** One pass through the layers and back: of the prefix, or of sequences that may continue it. */
  private final class Pass implements AutoCloseable {

    private final NDManager step = Torch.newManager();
    private final ActivationStack activations = new ActivationStack(step);
    private final NDArray ids;
    private final ForwardContext plain;
    private final ForwardContext keeping;

    Pass(long[] inputIds, long[] seqLens, boolean isPrefix) {
      try {
        ids = step.create(inputIds);
        SharedPrefix continued = prefix == null ? null : prefix.plain.prefix();
        int start = continued == null ? 0 : continued.length();
        plain = decoder.packed(step, seqLens, start, precision)
          .with(bf16Copies, gradients)
          .with(isPrefix ? new SharedPrefix(step, inputIds.length, decoder.layers().size()) : continued);
        keeping = plain.with(activations);
      } catch (RuntimeException | OutOfMemoryError e) {
        close();
        throw e;
      }
    }

    NDArray forward(UnaryOperator<NDArray> onEmbeddings) {
      NDArray x = onEmbeddings.apply(decoder.embed(ids));
      for (DecoderLayer layer : decoder.layers()) {
        x = checkpointing ? forward(layer, x) : layer.forward(x, keeping);
      }
      return x;
    }

    private NDArray forward(DecoderLayer layer, NDArray x) {
      NDArray result = layer.forward(x.duplicate(), plain);
      keeping.keep(x);
      activations.settle();
      return result;
    }

    /** The gradient of the last layer's output, before anything is added to it. */
    NDArray zeros() {
      return step.zeros(new Shape(ids.size(), decoder.hiddenSize()));
    }

    /** From the gradient of the last layer's output, which is overwritten. */
    void backward(NDArray dx) {
      NDArray d = dx;
      for (int i = decoder.layers().size() - 1; i >= 0; i--) {
        DecoderLayer layer = decoder.layers().get(i);
        d = checkpointing ? backward(layer, d) : layer.backward(d, keeping);
      }
      decoder.backwardEmbed(d, ids, plain);
    }

    private NDArray backward(DecoderLayer layer, NDArray dy) {
      NDManager outer = dy.getManager();
      try (ActivationStack own = new ActivationStack(outer)) {
        ForwardContext again = keeping.with(own);
        layer.forward(keeping.recall(outer), again).close();
        return layer.backward(dy, again);
      }
    }

    @Override
    public void close() {
      activations.close();
      step.close();
    }
  }

  /** After trained parameters were changed: writes trained token rows into their matrix, rounds bf16 copies anew. */
  public void weightsChanged() {
    model.trainable().writeTokens();
    NDArray[] changed = Stream
      .concat(trained.values().stream(), model.trainable().tokens().stream().map(TrainableTokens::matrix))
      .filter(bf16Copies::containsKey)
      .toArray(NDArray[]::new);
    if (changed.length > 0) {
      OptimizerOps.copy(Stream.of(changed).map(bf16Copies::get).toArray(NDArray[]::new), changed);
    }
  }

  /** Frees the gradients. */
  @Override
  public void close() {
    closePrefix();
    gradients.close();
    manager.close();
  }
}
