package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.io.torch.FloatType;
import org.coldstart.io.torch.TorchOps;

/**
 * The rows that embedding and head have for tokens: as many as wanted, and which of those behind
 * the checkpoint's tokens hold what they are to begin with.
 */
final class VocabularyResizer {

  private final Weights weights;
  private final TrainableParameters trainable;
  private final BitSet started = new BitSet();

  VocabularyResizer(Weights weights, TrainableParameters trainable) {
    this.weights = weights;
    this.trainable = trainable;
  }

  /** How many there are. */
  int rows() {
    return Math.toIntExact(weights.get(Decoder.EMBEDDING).getShape().get(0));
  }

  /**
   * Adds rows up to a size, rounded up to a multiple; those within the size count as started.
   *
   * @return whether any were added
   */
  boolean grow(int size, int padToMultipleOf) {
    if (size < 1 || padToMultipleOf < 1) {
      throw new IllegalArgumentException(
          "An embedding needs at least one row, and a multiple of at least 1, not %d and %d."
              .formatted(size, padToMultipleOf));
    }
    int rows = rows();
    int wanted = Math.max(size, rows);
    int padded =
        Math.multiplyExact((wanted + padToMultipleOf - 1) / padToMultipleOf, padToMultipleOf);
    if (padded > rows) {
      resize(padded);
    }
    if (size > rows) {
      started.set(rows, size);
    }
    return padded > rows;
  }

  /** Takes rows off the end. */
  void shrink(int size) {
    if (size < 1 || size > rows()) {
      throw new IllegalArgumentException(
          "%d rows cannot be kept of %d; to add rows, call resizeTokenEmbeddings(%d)."
              .formatted(size, rows(), Math.max(1, size)));
    }
    resize(size);
    started.clear(size, started.size());
  }

  private void resize(int rows) {
    if (trainable.hasRows()) {
      throw new IllegalStateException(
          "Some rows of the embedding are trained on their own: resize it before choosing them, or"
              + " after setTrainable(Trainable.all()) or mergeAndUnload().");
    }
    resize(Decoder.EMBEDDING, rows);
    if (weights.get(Decoder.HEAD) != null) {
      resize(Decoder.HEAD, rows);
    }
  }

  private void resize(String name, int rows) {
    FloatType type = FloatType.valueOf(weights.dtype().name());
    weights.replace(name, resized(weights.get(name), type, rows));
  }

  private static NDArray resized(NDArray matrix, FloatType type, int rows) {
    long old = matrix.getShape().get(0);
    NDArray resized = TorchOps.empty(matrix.getManager(), type, rows, matrix.getShape().get(1));
    // A view left open would keep the whole old matrix alive beside the new one.
    try (NDArray kept = TorchOps.slice(matrix, 0, 0, Math.min(rows, old))) {
      TorchOps.write(resized, kept, 0, 0);
      if (rows > old) {
        try (NDArray mean = TorchOps.meanRow(kept);
            NDArray added = mean.broadcast(new Shape(rows - old, matrix.getShape().get(1)))) {
          TorchOps.write(resized, added, 0, old);
        }
      }
    }
    return resized;
  }

  /** Remembers that a row holds what it is to begin with. */
  void markStarted(int id) {
    started.set(id);
  }

  /**
   * The tokens added to a tokenizer since it was loaded that wait for a start.
   *
   * @param before rows there were before the last {@link #grow}, whose mean is not theirs
   */
  String[] waiting(Tokenizer tokenizer, int before) {
    return IntStream.range(tokenizer.loadedSize(), tokenizer.size())
        .filter(id -> id >= before || !started.get(id))
        .mapToObj(tokenizer::idToToken)
        .toArray(String[]::new);
  }

  /** Checks that ids have rows, as {@link CausalLm#checkHasRows} says. */
  void check(Tokenizer tokenizer, int[] ids) {
    int rows = rows();
    for (int id : ids) {
      if (id >= rows || id < 0) {
        String token = id >= 0 && id < tokenizer.size() ? tokenizer.idToToken(id) : "[unknown]";
        throw new IllegalArgumentException(
            "The tokenizer has %d tokens, but the model's embedding has only %d rows, so that"
                    .formatted(tokenizer.size(), rows)
                + " token '%s' (id %d) has none: call model.resizeTokenEmbeddings(tokenizer), or"
                    .formatted(token, id)
                + " load tokenizer and model from the same folder.");
      }
    }
  }
}
