package org.coldstart.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;

/**
 * The probability a model gives to a token exactly where a right reply has it.
 *
 * <p>
 * Greedy decoding needs only the likeliest token; sampling depends on how likely it is. So the model reads the right
 * reply up to the token's position (teacher forcing), and the probability of the token there is averaged over all its
 * positions.
 */
public final class TeacherForcedProbability {

  private TeacherForcedProbability() {}

  /**
   * Mean probability of each token at its own positions among the kept tokens of the examples.
   *
   * @return by token, in the order given; NaN for a token that occurs nowhere
   * @throws CancellationException if the thread is interrupted; the interrupt is consumed
   */
  public static Map<String, Double> probabilities(CausalLm model, Tokenizer tokenizer, List<Example> examples,
      List<String> tokens, int batchSize) {
    Map<Integer, double[]> sums = new HashMap<>();
    tokens.forEach(token -> sums.put(tokenizer.id(token), new double[2]));
    synchronized (model) { // all batches with the same weights
      for (List<Example> rows : Batches.byLength(examples, batchSize)) {
        Perplexity.checkNotInterrupted();
        add(model, Batch.of(rows), sums);
      }
    }
    Map<String, Double> means = new LinkedHashMap<>();
    tokens.forEach(token -> {
      double[] sum = sums.get(tokenizer.id(token));
      means.put(token, sum[0] / sum[1]);
    });
    return means;
  }

  private static void add(CausalLm model, Batch batch, Map<Integer, double[]> sums) {
    int[] indices = IntStream.range(0, batch.keptTokens())
      .filter(i -> sums.containsKey((int) batch.labels()[i]))
      .toArray();
    if (indices.length == 0) {
      return;
    }
    try (NDManager step = Torch.newManager()) {
      long[] positions = Arrays.stream(indices).mapToLong(i -> batch.positions()[i]).toArray();
      NDArray logits = model.logitsAt(step, batch.inputIds(), batch.seqLens(), positions, Precision.F32);
      NDArray probabilities = TorchOps.softmax(logits);
      for (int i = 0; i < indices.length; i++) {
        int id = (int) batch.labels()[indices[i]];
        double[] sum = sums.get(id);
        sum[0] += probabilities.getFloat(i, id);
        sum[1]++;
      }
    }
  }
}
