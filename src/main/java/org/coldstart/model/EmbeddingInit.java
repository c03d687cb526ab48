package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

/**
 * How {@link TokenEmbeddings#initialize} makes rows of new tokens; an untied head's come from the head's own matrix.
 */
public sealed interface EmbeddingInit {

  /**
   * The rows, shape (tokens, hidden), owned by {@code known}'s manager.
   *
   * @param known the rows of the tokens that were there before, shape (n, hidden)
   */
  NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens);

  /** A copy of another token's row for each, as in the article. */
  record Clone(String from) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      int id = tokenizer.id(from);
      if (id >= known.getShape().get(0)) {
        throw new IllegalArgumentException(
            "Token '%s' comes after the tokens to be initialised; name one from before them.".formatted(from));
      }
      NDArray row = TorchOps.slice(known, 0, id, 1);
      return row.broadcast(new Shape(tokens.size(), known.getShape().get(1)));
    }
  }

  /**
   * A copy plus Gaussian noise, which makes the copies differ from the first step on.
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
      return known.mean(new int[] {0}, true).broadcast(new Shape(tokens.size(), known.getShape().get(1)));
    }
  }

  /** For each token the mean of the rows of the pieces its text had before it became one token. */
  record MeanOfSubTokens() implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      return meanOf(known, tokens.stream().map(tokenizer::subTokens));
    }
  }

  /**
   * For each token the mean of the rows of the tokens of a text that says what it means, plus Gaussian noise.
   *
   * @param texts by token
   * @param scale the noise's standard deviation, in units of the matrix's own
   */
  record MeanOfDescription(Map<String, String> texts, double scale, long seed) implements EmbeddingInit {
    @Override
    public NDArray rows(NDArray known, Tokenizer tokenizer, List<String> tokens) {
      NDArray noise = gaussian(known, tokens.size(), seed).mul(scale * deviation(known));
      return meanOf(known, tokens.stream().map(token -> {
        if (!texts.containsKey(token)) {
          throw new IllegalArgumentException("There is no description of the token '%s'.".formatted(token));
        }
        return tokenizer.encode(texts.get(token), false).ids();
      })).add(noise);
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

  private static NDArray meanOf(NDArray known, Stream<int[]> pieces) {
    return NDArrays.concat(new NDList(pieces.map(ids -> {
      NDArray indices = known.getManager().create(Arrays.stream(ids).asLongStream().toArray());
      return TorchOps.select(known, 0, indices).mean(new int[] {0}, true);
    }).toList()));
  }

  private static double deviation(NDArray known) {
    double mean = known.mean().getFloat();
    return Math.sqrt(known.sub(mean).square().mean().getFloat());
  }

  private static NDArray gaussian(NDArray known, int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(rows * known.getShape().get(1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return known.getManager().create(values, new Shape(rows, known.getShape().get(1)));
  }
}
