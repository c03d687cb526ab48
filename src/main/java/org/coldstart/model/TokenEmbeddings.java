package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

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
    int source = rowOf(from);
    int[] targets = Arrays.stream(to).mapToInt(this::rowOf).toArray();
    Autograd.withoutGradient(
        () -> {
          copyRow(model.embedding(), source, targets);
          if (!model.config().tieWordEmbeddings()) {
            copyRow(model.headWeight(), source, targets);
          }
          return null;
        });
    Arrays.stream(targets).forEach(model::markStarted);
  }

  private static void copyRow(NDArray matrix, int from, int[] to) {
    try (NDArray view = TorchOps.slice(matrix, 0, from, 1);
        NDArray row = view.duplicate()) {
      for (int target : to) {
        TorchOps.write(matrix, row, 0, target);
      }
    }
  }

  /**
   * Gives tokens the rows that {@code init} makes, in the embedding and in an untied head.
   *
   * <p>The rows below the first of these tokens' ids count as known to {@code init}; so add new
   * tokens together.
   *
   * @throws IllegalArgumentException if a token is unknown or has no row yet
   */
  public void initialize(EmbeddingInit init, String... tokens) {
    int[] ids = Arrays.stream(tokens).mapToInt(this::rowOf).toArray();
    int known =
        Arrays.stream(ids)
            .min()
            .orElseThrow(
                () -> new IllegalArgumentException("Name at least one token to initialise."));
    Autograd.withoutGradient(
        () -> {
          fill(model.embedding(), known, init, List.of(tokens), ids);
          if (!model.config().tieWordEmbeddings()) {
            fill(model.headWeight(), known, init, List.of(tokens), ids);
          }
          return null;
        });
    Arrays.stream(ids).forEach(model::markStarted);
  }

  private void fill(NDArray matrix, int known, EmbeddingInit init, List<String> tokens, int[] ids) {
    try (NDManager scope = Torch.newManager()) {
      NDArray rowsBefore = TorchOps.slice(matrix, 0, 0, known);
      rowsBefore.attach(scope);
      NDArray rows = init.rows(TorchOps.toFloat32(rowsBefore), tokenizer, tokens);
      for (int i = 0; i < ids.length; i++) {
        TorchOps.write(matrix, TorchOps.slice(rows, 0, i, 1), 0, ids[i]);
      }
    }
  }

  /** A token's embedding, of the hidden size. */
  public float[] row(String token) {
    return Autograd.withoutGradient(
        () -> {
          try (NDArray row = TorchOps.slice(model.embedding(), 0, rowOf(token), 1);
              NDArray values = TorchOps.toFloat32(row)) {
            return values.toFloatArray();
          }
        });
  }

  /**
   * The cosine of the angle between two tokens' embeddings: 1 for the same direction, 0 for
   * unrelated ones.
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
    model.checkHasRows(tokenizer, new int[] {id});
    return id;
  }
}
