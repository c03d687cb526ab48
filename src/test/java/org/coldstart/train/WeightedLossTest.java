package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LabelWeights;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A weight for each kept token, and the log-probabilities that weights are made of. */
class WeightedLossTest {

  private static final List<Example> ROWS = List.of(Rows.of(7, 1), Rows.of(12, 2), Rows.of(9, 3));

  /** The gradient is linear in the weights: that of rows is the sum of their tokens' own, each times its weight. */
  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "gemma2"})
  void gradientsOfWeighedTokensAddUp(String name) {
    double[] temperatures = {1, 0.7};
    try (CausalLm model = ParityCase.of(name).model()) {
      for (double temperature : temperatures) {
        Map<String, float[]> sum = new LinkedHashMap<>();
        List<Example> weighed = ROWS.stream().map(row -> row.withWeights(slope(row.length()))).toList();
        for (Example row : weighed) {
          for (int t = 1; t < row.length(); t++) {
            if (row.mask()[t]) {
              float weight = row.weights()[t];
              gradients(model, List.of(only(row, t)), temperature).forEach((key, gradient) -> sum.merge(key,
                  times(gradient, weight), WeightedLossTest::plus));
            }
          }
        }
        gradients(model, weighed, temperature).forEach((key, gradient) -> assertClose(sum.get(key), gradient,
            1e-5 * Arrays32.norm(sum.get(key)), key + " at " + temperature));
      }
    }
  }

  /** Of either sign, 0 among them. */
  private static float[] slope(int length) {
    float[] weights = new float[length];
    IntStream.range(0, length).forEach(t -> weights[t] = 0.5f * (t % 5 - 2));
    return weights;
  }

  private static Example only(Example row, int t) {
    boolean[] mask = new boolean[row.length()];
    mask[t] = true;
    return new Example(row.ids(), mask);
  }

  private static float[] times(float[] values, float factor) {
    float[] product = values.clone();
    IntStream.range(0, product.length).forEach(i -> product[i] *= factor);
    return product;
  }

  private static float[] plus(float[] a, float[] b) {
    IntStream.range(0, a.length).forEach(i -> a[i] += b[i]);
    return a;
  }

  @Test
  void weightsOfOneChangeNoBit() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      Map<String, float[]> plain = gradients(model, ROWS, 1);
      gradients(model, ROWS.stream().map(row -> row.withWeight(1)).toList(), 1)
        .forEach((name, gradient) -> assertArrayEquals(plain.get(name), gradient, name));
    }
  }

  private static Map<String, float[]> gradients(CausalLm model, List<Example> rows, double temperature) {
    Batch batch = Batch.of(rows);
    Map<String, float[]> gradients = new LinkedHashMap<>();
    try (ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
      pass.forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(),
          new LabelWeights(batch.weights(), 0.25, temperature), UnaryOperator.identity());
      model.trainableParameters()
        .forEach((name, parameter) -> gradients.put(name, pass.gradients().of(parameter).toFloatArray()));
    }
    return gradients;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "gemma2"})
  void logProbabilitiesAreTheSoftmaxsAtTheTemperature(String name) {
    try (CausalLm model = ParityCase.of(name).model()) {
      LogProbabilities found = LogProbabilities.of(model, ROWS, 0.7, Precision.F32);
      LossSums sums = LossSums.NONE;
      for (int r = 0; r < ROWS.size(); r++) {
        Example row = ROWS.get(r);
        float[] logits = Arrays32.logits(model, row.ids(), Precision.F32);
        int vocabulary = logits.length / row.length();
        int kept = 0;
        for (int t = 1; t < row.length(); t++) {
          if (row.mask()[t]) {
            float[] scores = Arrays.copyOfRange(logits, (t - 1) * vocabulary, t * vocabulary);
            double sum = IntStream.range(0, vocabulary).mapToDouble(i -> Math.exp(scores[i] / 0.7)).sum();
            assertEquals(scores[row.ids()[t]] / 0.7 - Math.log(sum), found.tokens().get(r)[kept++], 1e-5);
          }
        }
        assertEquals(kept, found.tokens().get(r).length);
      }
      double all = IntStream.range(0, ROWS.size()).mapToDouble(found::sum).sum();
      assertEquals(-all, found.sums().loss(), 1e-4);
      assertEquals(Losses.mean(model, ROWS, 3, Precision.F32), LogProbabilities.of(model, ROWS).sums().meanLoss(),
          1e-6);
    }
  }

  @Test
  void anInterruptEndsThem() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> LogProbabilities.of(model, ROWS));
    } finally {
      Thread.interrupted();
    }
  }
}
