package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

/**
 * The rows of a model's embedding (and of its head, where that is a matrix of its own) by token.
 *
 * <pre>{@code
 * tokenizer.addTokens("<think>", "</think>");
 * model.resizeTokenEmbeddings(tokenizer.size());
 * model.embeddings(tokenizer).cloneEmbedding("<|im_start|>", "<think>", "</think>");
 * }</pre>
 */
public final class TokenEmbeddings {

  /**
   * What {@link CausalLm#resizeTokenEmbeddings(Tokenizer)} did.
   *
   * @param rowsBefore rows of the embedding before
   * @param rows rows now; the same where the matrix had rows to spare
   * @param started the new tokens whose rows were initialised
   */
  public record Resized(int rowsBefore, int rows, List<String> started) {
    public Resized {
      started = List.copyOf(started);
    }

    @Override
    public String toString() {
      return rowsBefore + " → " + rows + " rows, started " + started;
    }
  }

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final VocabularyResizer vocabulary;

  TokenEmbeddings(CausalLm model, Tokenizer tokenizer, VocabularyResizer vocabulary) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary;
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

  /**
   * Writes tokens' rows in the embedding and in an untied head.
   *
   * @param newRows from a matrix and the tokens' ids; what it makes belongs to the matrix's manager
   */
  private void write(String[] tokens, BiFunction<NDArray, int[], NDArray> newRows) {
    int[] ids = Arrays.stream(tokens).mapToInt(this::rowOf).toArray();
    synchronized (model) {
      for (NDArray matrix : vocabulary.matrices().values()) {
        try (NDManager scope = Torch.newManager()) {
          NDArray view = TorchOps.slice(matrix, 0, 0, matrix.getShape().get(0));
          view.attach(scope);
          NDArray rows = newRows.apply(view, ids);
          for (int i = 0; i < ids.length; i++) {
            TorchOps.write(matrix, TorchOps.slice(rows, 0, i, 1), 0, ids[i]);
          }
        }
      }
      Arrays.stream(ids).forEach(vocabulary::markStarted);
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

  /**
   * The cosine of the angle between two tokens' embeddings: 1 for the same direction, 0 for unrelated ones.
   */
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
    vocabulary.check(tokenizer, new int[] {id});
    return id;
  }
}
