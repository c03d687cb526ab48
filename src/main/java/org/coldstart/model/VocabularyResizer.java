package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

/**
 * The rows that embedding and head have for tokens: how many, and which of those behind the checkpoint's tokens have
 * been initialised.
 */
final class VocabularyResizer {

  private final Weights weights;
  private final TrainableParameters trainable;
  private final BitSet started = new BitSet();

  VocabularyResizer(Weights weights, TrainableParameters trainable) {
    this.weights = weights;
    this.trainable = trainable;
  }

  /** How many rows there are. */
  int rows() {
    return Math.toIntExact(weights.get(Decoder.EMBEDDING).getShape().get(0));
  }

  /** Adds rows up to a size, initialised with the mean of those there are. */
  void grow(int size) {
    int rows = rows();
    if (size < 1) {
      throw new IllegalArgumentException("An embedding needs at least one row, not " + size + ".");
    }
    if (size <= rows) {
      return;
    }
    if (!trainable.tokens().isEmpty()) {
      throw new IllegalStateException(
          "Some rows of the embedding are trained on their own: resize it before choosing them, or"
              + " after setTrainable(Trainable.all()) or mergeAndUnload().");
    }
    matrices().forEach((name, matrix) -> weights.replace(name, grown(matrix, size)));
    started.set(rows, size);
  }

  /** The embedding and a head of its own, by name. */
  Map<String, NDArray> matrices() {
    Map<String, NDArray> matrices = new LinkedHashMap<>(weights.all());
    matrices.keySet().retainAll(List.of(Decoder.EMBEDDING, Decoder.HEAD));
    return matrices;
  }

  private NDArray grown(NDArray matrix, int rows) {
    Shape old = matrix.getShape();
    NDArray grown = weights.newArray(rows, old.get(1));
    TorchOps.write(grown, matrix, 0, 0);
    try (NDArray mean = TorchOps.meanRow(matrix);
        NDArray added = mean.broadcast(new Shape(rows - old.get(0), old.get(1)))) {
      TorchOps.write(grown, added, 0, old.get(0));
    }
    return grown;
  }

  /** Notes that a row has been initialised. */
  void markStarted(int id) {
    started.set(id);
  }

  /**
   * The tokens added to a tokenizer since it was loaded that are yet to be initialised.
   *
   * @param before rows there were before the last {@link #grow}, whose mean is not theirs
   */
  String[] waiting(Tokenizer tokenizer, int before) {
    return IntStream.range(tokenizer.loadedSize(), tokenizer.size())
      .filter(id -> id >= before || !started.get(id))
      .mapToObj(tokenizer::idToToken)
      .toArray(String[]::new);
  }

  /** Checks that ids have rows, see {@link CausalLm#checkHasRows}. */
  void check(Tokenizer tokenizer, int[] ids) {
    int rows = rows();
    for (int id : ids) {
      if (id >= rows || id < 0) {
        String token = id >= 0 && id < tokenizer.size() ? tokenizer.idToToken(id) : "[unknown]";
        throw new IllegalArgumentException(
            ("The tokenizer has %d tokens, but the model's embedding has only %d rows, so that"
                + " token '%s' (id %d) has none: call model.resizeTokenEmbeddings(tokenizer),"
                + " or load tokenizer and model from the same folder.")
              .formatted(tokenizer.size(), rows, token, id));
      }
    }
  }
}
