package org.coldstart.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Which parameters of a model training changes; all others are frozen: no gradient, no optimizer state, not a bit
 * changed. An {@link Adapter} leaves all as they are and is trained itself.
 *
 * <pre>{@code
 * model.setTrainable(Trainable.matching("model.layers.*.mlp.*", "model.norm.weight"));
 * model.setTrainable(Trainable.tokenRows(tokenizer, "<think>", "</think>"));
 * }</pre>
 *
 * @param globs patterns of the parameters' names, or null
 * @param tokenIds tokens whose rows are trained, or null
 */
public record Trainable(List<String> globs, List<Integer> tokenIds) {

  /** Every parameter: full fine-tuning. What a model starts with. */
  public static Trainable all() {
    return new Trainable(null, null);
  }

  /**
   * The parameters whose whole name in the checkpoint one of the patterns matches; in these, {@code *} stands for any
   * characters and {@code ?} for one.
   */
  public static Trainable matching(String... globs) {
    if (globs.length == 0) {
      throw new IllegalArgumentException("Name at least one pattern of parameters to train.");
    }
    return new Trainable(List.of(globs), null);
  }

  /**
   * The rows of these token ids in the embedding and, where it is a matrix of its own, in the head. Weight decay
   * touches no other row either.
   */
  public static Trainable tokenRows(int... ids) {
    return new Trainable(null, IntStream.of(ids).boxed().toList());
  }

  /**
   * The rows of these tokens.
   *
   * @throws IllegalArgumentException if the tokenizer does not know one
   */
  public static Trainable tokenRows(Tokenizer tokenizer, String... tokens) {
    return tokenRows(Arrays.stream(tokens).mapToInt(tokenizer::id).toArray());
  }
}
