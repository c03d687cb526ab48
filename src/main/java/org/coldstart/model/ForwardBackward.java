package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.coldstart.io.checkpoint.DType;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.Torch;

/**
 * Runs batches through a model and back again, and adds up the gradients of what is trained.
 *
 * <pre>{@code
 * try (ForwardBackward pass = model.trainingPass(Precision.fastest(), false)) {
 *   LossSums sums = pass.forwardBackward(inputIds, rows, positions, labels, 1.0 / labels.length);
 *   NDArray gradient = pass.gradients().of(parameter);
 * }
 * }</pre>
 *
 * <p>A layer keeps its input, its queries, keys and values, what it attended to and the two halves
 * of its gate. With gradient checkpointing (Chen et al., 2016) all layers keep their input only,
 * and each runs forward a second time just before its way back: less memory for a third more work,
 * and the same gradients to the bit. Of a beginning that rows share, each layer's keys and values
 * and their gradients are kept as well, until the step's end.
 */
public final class ForwardBackward implements AutoCloseable {

  private final Decoder decoder;
  private final Precision precision;
  private final boolean checkpointing;
  private final NDManager manager = Torch.newManager();
  private final Map<String, NDArray> trained;
  private final Gradients gradients;
  private final Bf16Weights halves;

  /** Through what the rows begin with; null if they are read whole. */
  private Way begun;

  ForwardBackward(CausalLm model, Precision precision, boolean checkpointing) {
    decoder = model.decoder();
    this.precision = precision;
    this.checkpointing = checkpointing;
    if (model.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "The model's weights are held in "
              + model.dtype()
              + ", which loses the small steps of training: load it with DType.F32 and choose"
              + " Precision.BF16 for the products.");
    }
    trained = model.trainableParameters();
    gradients = new Gradients(trained);
    try {
      decoder.trainable().writeBack();
      // Who saves memory by checkpointing would not spend it on copies.
      halves =
          precision == Precision.BF16 && !checkpointing
              ? new Bf16Weights(decoder.matrices(), manager)
              : null;
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  /** The gradients gathered since they were cleared last. */
  public Gradients gradients() {
    return gradients;
  }

  /**
   * How many tokens a batch should hold at most: larger ones run no faster and keep more for the
   * way back. In bf16 every batch costs a cast of all weight gradients, so batches are larger.
   */
  public int tokensAtOnce() {
    return precision == Precision.F32 ? 512 : 1024;
  }

  /**
   * Reads what all rows of a step begin with, such as a system message, once for all of them. The
   * batches up to {@link #endRows} leave these tokens out; losses and gradients are those of whole
   * rows.
   *
   * @param contexts each row's tokens before the first position that predicts a label
   * @param longest tokens of the longest row
   * @return how many tokens were read; 0 if that is not worth while, or if the model's attention
   *     does not allow for it
   */
  public int beginRows(List<int[]> contexts, int longest) {
    leaveBeginning();
    int length = SharedPrefix.sharedBy(contexts);
    if (length == 0 || !decoder.canShare(longest)) {
      return 0;
    }
    long[] ids = Arrays.stream(contexts.get(0), 0, length).asLongStream().toArray();
    begun = new Way(ids, new long[] {length}, true);
    begun.forward(UnaryOperator.identity()).close();
    return length;
  }

  /** Takes what the rows have sent back through their beginning, if one was read. */
  public void endRows() {
    if (begun != null) {
      begun.backward(begun.zeros());
      leaveBeginning();
    }
  }

  private void leaveBeginning() {
    if (begun != null) {
      begun.close();
      begun = null;
    }
  }

  /**
   * One batch forward and back. Rows stand end to end without padding; no position sees another
   * row.
   *
   * @param inputIds all rows' token ids, without the beginning that {@link #beginRows} has read
   * @param rows the rows' lengths, together as many as there are ids
   * @param positions where a label is predicted, ascending indices into {@code inputIds}
   * @param labels what should be predicted there
   * @param scale what the summed loss is multiplied by before gradients are taken: one divided by
   *     the labels of all batches of an optimizer step
   */
  public LossSums forwardBackward(
      long[] inputIds, long[] rows, long[] positions, long[] labels, double scale) {
    return forwardBackward(inputIds, rows, positions, labels, scale, UnaryOperator.identity());
  }

  /**
   * The same with something done to the embeddings on the way, such as noise added to them.
   *
   * @param onEmbeddings takes and gives shape (n, hidden); gradients pass it unchanged
   */
  public LossSums forwardBackward(
      long[] inputIds,
      long[] rows,
      long[] positions,
      long[] labels,
      double scale,
      UnaryOperator<NDArray> onEmbeddings) {
    try (Way way = new Way(inputIds, rows, false)) {
      NDArray x = way.forward(onEmbeddings);
      NDArray dx = way.zeros();
      LossSums sums = decoder.head().loss(x, positions, labels, way.plain, scale, dx);
      x.close();
      way.backward(dx);
      return sums;
    }
  }

  /** Rows on their way through the layers and back. */
  private final class Way implements AutoCloseable {

    private final NDManager step = Torch.newManager();
    private final ActivationStack tape = new ActivationStack(step);
    private final NDArray ids;
    private final ForwardContext plain;
    private final ForwardContext kept;

    /**
     * Looks up where the tokens stand.
     *
     * @param isBeginning whether they are what the rows to come begin with
     */
    Way(long[] inputIds, long[] rows, boolean isBeginning) {
      try {
        ids = step.create(inputIds);
        SharedPrefix follows = begun == null ? null : begun.plain.reads();
        SharedPrefix reads = isBeginning ? decoder.newBeginning(step, inputIds.length) : null;
        plain = decoder.overRows(step, rows, precision, halves, gradients, follows).reading(reads);
        kept = plain.with(tape);
      } catch (RuntimeException | OutOfMemoryError e) {
        close();
        throw e;
      }
    }

    NDArray forward(UnaryOperator<NDArray> onEmbeddings) {
      NDArray x = onEmbeddings.apply(decoder.embed(ids));
      for (DecoderLayer layer : decoder.layers()) {
        x = checkpointing ? forward(layer, x) : layer.forward(x, kept);
      }
      return x;
    }

    private NDArray forward(DecoderLayer layer, NDArray x) {
      NDManager outer = x.getManager();
      NDArray result = layer.forward(x.duplicate(), plain);
      result.attach(outer);
      kept.keep(x);
      tape.settle();
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
        d = checkpointing ? backward(layer, d) : layer.backward(d, kept);
      }
      decoder.backwardEmbed(d, ids, plain);
    }

    private NDArray backward(DecoderLayer layer, NDArray dy) {
      NDManager outer = dy.getManager();
      try (ActivationStack own = new ActivationStack(outer)) {
        ForwardContext again = kept.with(own);
        layer.forward(kept.recall(outer), again).close();
        return layer.backward(dy, again);
      }
    }

    @Override
    public void close() {
      tape.close();
      step.close();
    }
  }

  /**
   * Says that trained weights have moved, so that copies of them are made anew. Rows trained on
   * their own go into their matrix at once, as a checkpoint would write them: whether one is saved
   * makes no difference to the next step.
   */
  public void weightsChanged() {
    decoder.trainable().writeBack();
    if (halves != null) {
      halves.renew(trained.values());
      halves.renew(decoder.trainable().matricesOfRows());
    }
  }

  /** Frees the gradients. */
  @Override
  public void close() {
    leaveBeginning();
    gradients.close();
    manager.close();
  }
}
