package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.coldstart.checkpoint.DType;
import org.coldstart.torch.Precision;
import org.coldstart.torch.Torch;

/**
 * Runs batches through a model and back again, and adds up the gradients of what is trained.
 *
 * <pre>{@code
 * try (TrainingPass pass = model.trainingPass(Precision.fastest(), false)) {
 *   LossSums sums = pass.forwardBackward(inputIds, rows, positions, labels, 1.0 / labels.length);
 *   NDArray gradient = pass.gradients().of(parameter);
 * }
 * }</pre>
 *
 * <p>A layer keeps its input, its queries, keys and values, what it attended to and the two halves
 * of its gate. With gradient checkpointing (Chen et al., 2016) all layers keep their input only,
 * and each runs forward a second time just before its way back: less memory for a third more work,
 * and the same gradients to the bit.
 */
public final class TrainingPass implements AutoCloseable {

  private final Decoder decoder;
  private final Precision precision;
  private final boolean checkpointing;
  private final NDManager manager = Torch.newManager();
  private final Map<String, NDArray> trained;
  private final Gradients gradients;
  private final HalfWeights halves;

  TrainingPass(CausalLm model, Precision precision, boolean checkpointing) {
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
    decoder.trainable().writeBack();
    // Who saves memory by checkpointing would not spend it on copies.
    halves =
        precision == Precision.BF16 && !checkpointing
            ? new HalfWeights(decoder.matrices(), manager)
            : null;
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
   * One batch forward and back. Rows stand end to end without padding; no position sees another
   * row.
   *
   * @param inputIds all rows' token ids
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
    try (NDManager step = Torch.newManager();
        Tape tape = new Tape(step)) {
      NDArray ids = step.create(inputIds);
      Pass plain = decoder.overRows(step, rows, precision, halves, gradients);
      Pass kept = plain.with(tape);
      NDArray x = onEmbeddings.apply(decoder.embed(ids));
      for (DecoderLayer layer : decoder.layers()) {
        x = checkpointing ? forward(layer, x, kept, plain) : layer.forward(x, kept);
      }
      NDArray dx = step.zeros(x.getShape());
      LossSums sums = decoder.head().loss(x, positions, labels, plain, scale, dx);
      x.close();
      for (int i = decoder.layers().size() - 1; i >= 0; i--) {
        DecoderLayer layer = decoder.layers().get(i);
        dx = checkpointing ? backward(layer, dx, kept) : layer.backward(dx, kept);
      }
      decoder.backwardEmbed(dx, ids, plain);
      return sums;
    }
  }

  private static NDArray forward(DecoderLayer layer, NDArray x, Pass kept, Pass plain) {
    NDManager outer = x.getManager();
    NDArray result = layer.forward(x.duplicate(), plain);
    result.attach(outer);
    kept.keep(x);
    kept.tape().settle();
    return result;
  }

  private static NDArray backward(DecoderLayer layer, NDArray dy, Pass kept) {
    NDManager outer = dy.getManager();
    try (Tape tape = new Tape(outer)) {
      Pass again = kept.with(tape);
      layer.forward(kept.recall(outer), again).close();
      return layer.backward(dy, again);
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
    gradients.close();
    manager.close();
  }
}
