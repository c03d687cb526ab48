package org.coldstart.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Which parameters of a model training changes; all others are frozen: no gradient, no optimizer state, not a bit
 * changed.
 *
 * <pre>{@code
 * model.setTrainable(Trainable.matching("model.layers.*.mlp.*", "model.norm.weight"));
 * model.setTrainable(Trainable.tokenRows(tokenizer, "<think>", "</think>"));
 * }</pre>
 *
 * <p>
 * An {@link Adapter} leaves all parameters as they are and is trained itself.
 */
public sealed interface Trainable {

  /** Every parameter: full fine-tuning. What a model starts with. */
  record All() implements Trainable {}

  /**
   * The parameters whose whole name in the checkpoint one of the patterns matches; in these, {@code
   * *} stands for any characters and {@code ?} for one.
   */
  record Matching(List<String> globs) implements Trainable {
    public Matching {
      globs = List.copyOf(globs);
      if (globs.isEmpty()) {
        throw new IllegalArgumentException("Name at least one pattern of parameters to train.");
      }
    }
  }

  /** The rows of some tokens, in the embedding and in the head. */
  record Rows(List<Integer> ids) implements Trainable {
    public Rows {
      ids = List.copyOf(ids);
    }
  }

  /** Every parameter. */
  static Trainable all() {
    return new All();
  }

  /** Parameters chosen by patterns of their names, see {@link Matching}. */
  static Trainable matching(String... globs) {
    return new Matching(List.of(globs));
  }

  /**
   * The rows of these token ids in the embedding and, where it is a matrix of its own, in the head. Weight decay
   * touches no other row either.
   */
  static Trainable tokenRows(int... ids) {
    return new Rows(IntStream.of(ids).boxed().toList());
  }

  /**
   * The rows of these tokens.
   *
   * @throws IllegalArgumentException if the tokenizer does not know one
   */
  static Trainable tokenRows(Tokenizer tokenizer, String... tokens) {
    return tokenRows(Arrays.stream(tokens).mapToInt(tokenizer::id).toArray());
  }
}
