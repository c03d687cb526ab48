package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

/**
 * The rows of a model's embedding (and of its head, where that is a matrix of its own) by token.
 *
 * <pre>{@code
 * tokenizer.addTokens("<think>", "</think>");
 * model.resizeTokenEmbeddings(tokenizer);
 * model.embeddings(tokenizer).cloneEmbedding("<|im_start|>", "<think>", "</think>");
 * }</pre>
 */
public final class TokenEmbeddings {

  /**
   * What {@link CausalLm#resizeTokenEmbeddings(Tokenizer)} did.
   *
   * @param rows rows now; as before where the matrix had rows to spare
   * @param initialized the new tokens whose rows were initialised
   */
  public record Resized(int rowsBefore, int rows, List<String> initialized) {
    @Override
    public String toString() {
      return rowsBefore + " → " + rows + " rows, initialized " + initialized;
    }
  }

  private final CausalLm model;
  private final Tokenizer tokenizer;

  TokenEmbeddings(CausalLm model, Tokenizer tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Copies one token's row into others'.
   *
   * @throws IllegalArgumentException if a token is unknown or has no row yet
   */
  public void cloneEmbedding(String from, String... to) {
    long[] source = new long[to.length];
    Arrays.fill(source, rowOf(from));
    write(to, (matrix, ids) -> TorchOps.select(matrix, 0, matrix.getManager().create(source)));
  }

  /**
   * Gives tokens the rows that {@code init} makes, in the embedding and in an untied head.
   *
   * <p>
   * The rows below the first of these tokens' ids count as known to {@code init}; so add new tokens together.
   *
   * @throws IllegalArgumentException if a token is unknown or has no row yet
   */
  public void initialize(EmbeddingInit init, String... tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("Name at least one token to initialise.");
    }
    write(tokens, (matrix, ids) -> {
      NDArray known = TorchOps.slice(matrix, 0, 0, Arrays.stream(ids).min().getAsInt());
      return init.rows(TorchOps.toFloat32(known), tokenizer, List.of(tokens));
    });
  }

  /** Writes tokens' rows, made from a matrix and the tokens' ids, in the embedding and in an untied head. */
  private void write(String[] tokens, BiFunction<NDArray, int[], NDArray> newRows) {
    int[] ids = Arrays.stream(tokens).mapToInt(this::rowOf).toArray();
    synchronized (model) {
      for (NDArray matrix : matrices(model).values()) {
        try (NDManager scope = Torch.newManager()) {
          NDArray view = TorchOps.slice(matrix, 0, 0, matrix.getShape().get(0));
          view.attach(scope); // what is made from it is freed here
          NDArray rows = newRows.apply(view, ids);
          for (int i = 0; i < ids.length; i++) {
            TorchOps.write(matrix, TorchOps.slice(rows, 0, i, 1), 0, ids[i]);
          }
        }
      }
      Arrays.stream(ids).forEach(model.initializedRows()::set);
    }
  }

  /** A token's embedding, of the hidden size. */
  public float[] row(String token) {
    synchronized (model) {
      try (NDArray row = TorchOps.slice(model.embedding(), 0, rowOf(token), 1);
          NDArray values = TorchOps.toFloat32(row)) {
        return values.toFloatArray();
      }
    }
  }

  /** The cosine of the angle between two tokens' embeddings: 1 for the same direction, 0 for unrelated ones. */
  public double cosine(String a, String b) {
    float[] x = row(a);
    float[] y = row(b);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  }

  /** The Euclidean distance between two tokens' embeddings. */
  public double distance(String a, String b) {
    float[] x = row(a);
    float[] y = row(b);
    for (int i = 0; i < x.length; i++) {
      x[i] -= y[i];
    }
    return Math.sqrt(dot(x, x));
  }

  private static double dot(float[] x, float[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (double) x[i] * y[i];
    }
    return sum;
  }

  private int rowOf(String token) {
    int id = tokenizer.id(token);
    checkRows(id);
    return id;
  }

  /** Checks that ids have rows, see {@link CausalLm#checkHasRows}. */
  void checkRows(int... ids) {
    int rows = model.config().vocabSize();
    for (int id : ids) {
      if (id < 0 || id >= tokenizer.size()) {
        throw new IllegalArgumentException(
            "The id %d is not in the vocabulary, whose %d tokens have the ids from 0.".formatted(id, tokenizer.size()));
      }
      if (id >= rows) {
        throw new IllegalArgumentException(
            ("The tokenizer has %d tokens, but the model's embedding has only %d rows, so that token '%s' (id %d) has"
                + " none: call model.resizeTokenEmbeddings(tokenizer), or load both from the same folder.")
              .formatted(tokenizer.size(), rows, tokenizer.idToToken(id), id));
      }
    }
  }

  /**
   * The tokens added to the tokenizer since it was loaded whose rows are yet to be initialised.
   *
   * @param before rows there were before the last {@link #grow}, whose mean is not theirs
   */
  String[] uninitialized(int before) {
    return IntStream.range(tokenizer.loadedSize(), tokenizer.size())
      .filter(id -> id >= before || !model.initializedRows().get(id))
      .mapToObj(tokenizer::idToToken)
      .toArray(String[]::new);
  }

  /** Adds rows to embedding and head up to a size, initialised with the mean of those there are. */
  static void grow(CausalLm model, int size) {
    int rows = model.config().vocabSize();
    if (size == rows) {
      return;
    }
    if (!model.trainable().tokens().isEmpty()) {
      throw new IllegalStateException("Some rows of the embedding are trained on their own: resize it before choosing"
          + " them, or after setTrainable(Trainable.all()) or mergeAndUnload().");
    }
    Weights weights = model.weights();
    matrices(model).forEach((name, matrix) -> weights.replace(name, grown(weights, matrix, size)));
    model.initializedRows().set(rows, size);
  }

  private static NDArray grown(Weights weights, NDArray matrix, int rows) {
    Shape old = matrix.getShape();
    NDArray grown = weights.newArray(rows, old.get(1));
    TorchOps.write(grown, matrix, 0, 0);
    try (NDArray mean = TorchOps.meanRow(matrix);
        NDArray added = mean.broadcast(new Shape(rows - old.get(0), old.get(1)))) {
      TorchOps.write(grown, added, 0, old.get(0));
    }
    return grown;
  }

  /** The embedding and a head of its own, by name. */
  private static Map<String, NDArray> matrices(CausalLm model) {
    Map<String, NDArray> matrices = new LinkedHashMap<>(model.parameters());
    matrices.keySet().retainAll(List.of(Decoder.EMBEDDING, Decoder.HEAD));
    return matrices;
  }
}
