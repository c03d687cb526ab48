package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.io.torch.TorchOps;

/**
 * How the embedding rows of new tokens begin.
 *
 * <p>Used through {@link TokenEmbeddings#initialize}; the untied head's rows begin in the same way,
 * from the head's own matrix.
 */
public sealed interface EmbeddingInit {

  /**
   * The rows, shape (tokens, hidden), owned by {@code known}'s manager.
   *
   * @param known the rows of the tokens that were there before, shape (n, hidden)
   */
  NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens);

  /** A copy of another token's row for each: the article's way. */
  record Clone(String from) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      int id = tokenizer.id(from);
      if (id >= known.getShape().get(0)) {
        throw new IllegalArgumentException(
            "Token '"
                + from
                + "' comes after the tokens to be initialised; name one that was there before"
                + " them.");
      }
      NDArray row = TorchOps.slice(known, 0, id, 1);
      return row.broadcast(new Shape(tokens.size(), known.getShape().get(1)));
    }
  }

  /**
   * A copy plus noise that tells the copies apart from the first step on.
   *
   * @param scale the noise's standard deviation, in units of the matrix's own
   */
  record CloneWithNoise(String from, double scale, long seed) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      NDArray noise = gaussian(known, tokens.size(), seed).mul(scale * deviation(known));
      return new Clone(from).rows(known, tokenizer, tokens).add(noise);
    }
  }

  /** The mean of all known rows for each: what transformers' default amounts to. */
  record Mean() implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      return known
          .mean(new int[] {0}, true)
          .broadcast(new Shape(tokens.size(), known.getShape().get(1)));
    }
  }

  /** For each token the mean of the rows of the pieces its text had before it became one token. */
  record MeanOfSubTokens() implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      return tokens.stream()
          .map(token -> mean(known, tokenizer, token))
          .reduce((rows, next) -> rows.concat(next, 0))
          .orElseThrow();
    }

    private static NDArray mean(NDArray known, Tokenizer tokenizer, String token) {
      long[] pieces = Arrays.stream(tokenizer.subTokens(token)).asLongStream().toArray();
      NDArray index = known.getManager().create(pieces);
      return TorchOps.select(known, 0, index).mean(new int[] {0}, true);
    }
  }

  /** Independent normal values with the matrix's own mean row and overall deviation. */
  record RandomDeviation(long seed) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      NDArray noise = gaussian(known, tokens.size(), seed).mul(deviation(known));
      return noise.add(known.mean(new int[] {0}, true));
    }
  }

  /**
   * Normal rows with the matrix's own mean and covariance: they lie where real tokens lie (Hewitt,
   * 2021, "Initializing new word embeddings for pretrained language models").
   */
  record RandomCovariance(long seed) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      NDArray mean = known.mean(new int[] {0}, true);
      NDArray centred = known.sub(mean);
      NDArray covariance = centred.transpose().matMul(centred).div(known.getShape().get(0));
      NDArray root = TorchOps.cholesky(covariance);
      return gaussian(known, tokens.size(), seed).matMul(root.transpose()).add(mean);
    }
  }

  private static double deviation(NDArray known) {
    ToDoubleFunction<NDArray> mean = x -> x.mean().getFloat();
    double average = mean.applyAsDouble(known);
    return Math.sqrt(mean.applyAsDouble(known.sub(average).square()));
  }

  private static NDArray gaussian(NDArray known, int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(rows * known.getShape().get(1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    NDManager out = known.getManager();
    return out.create(values, new Shape(rows, known.getShape().get(1)))
        .toType(DataType.FLOAT32, false);
  }
}
