package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every tiny checkpoint says what transformers says it does. */
class ModelParityTest {

  /**
   * Logits lie within ±20. Summing in another order moves them by a few 1e-6; of the mistakes recorded in the fixtures
   * ("sensitivity") the smallest, GELU in its exact form instead of the tanh form, moves them by 1.2e-3.
   */
  private static final double TOLERANCE = 1e-4;

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";

  @ParameterizedTest
  @MethodSource(CASES)
  void logitsOfEveryPositionAgree(ParityCase fixture) {
    try (CausalLm model = fixture.model()) {
      for (int row = 0; row < 3; row++) {
        float[] logits = Arrays32.logits(model, fixture.rows().get(row), Precision.F32);
        assertClose(fixture.tensor("logits." + row), logits, TOLERANCE, "logits of row " + row);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void theToleranceLiesFarBelowWhatAMistakeWouldDo(ParityCase fixture) {
    fixture.section("sensitivity")
      .entrySet()
      .forEach(moved -> assertTrue(moved.getValue().getAsDouble() > 10 * TOLERANCE));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void theResidualStreamAfterTheLastLayerAgrees(ParityCase fixture) {
    try (CausalLm model = fixture.model(); NDManager step = Torch.newManager()) {
      NDArray ids = Arrays32.ids(step, fixture.rows().get(0));
      float[] hidden = model.hiddenStates(ids, Precision.F32).toFloatArray();
      assertClose(fixture.tensor("hidden." + model.config().numHiddenLayers()), hidden, TOLERANCE, "hidden states");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void paddingOnTheRightChangesNothingOnItsLeft(ParityCase fixture) {
    List<int[]> rows = fixture.rows();
    try (CausalLm model = fixture.model(); NDManager step = Torch.newManager()) {
      NDArray batch = Arrays32.padded(step, rows, 0);
      float[] logits = model.logits(batch, Precision.F32).toFloatArray();
      int vocabulary = model.config().vocabSize();
      int width = (int) batch.getShape().get(1);
      for (int r = 0; r < rows.size(); r++) {
        float[] row = part(logits, r * width * vocabulary, rows.get(r).length * vocabulary);
        assertClose(fixture.tensor("logits." + r), row, TOLERANCE, "logits of padded row " + r);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void aTokenAtATimeGivesTheLogitsOfTheWholeRow(ParityCase fixture) {
    int[] row = fixture.rows().get(0);
    float[] whole = fixture.tensor("logits.0");
    try (CausalLm model = fixture.model(); KvCache cache = new KvCache(model.config(), new int[] {0}, 128)) {
      int vocabulary = model.config().vocabSize();
      for (int t = 0; t < row.length; t++) {
        assertClose(part(whole, t * vocabulary, vocabulary), next(model, cache, row[t]), TOLERANCE, "position " + t);
      }
      assertEquals(row.length, cache.length());
    }
  }

  /** Padding counts neither as a position nor as a place in a sliding window. */
  @ParameterizedTest
  @MethodSource(CASES)
  void rowsPaddedOnTheLeftShareACache(ParityCase fixture) {
    int[] longest = fixture.rows().get(0);
    List<int[]> rows = List.of(part(longest, 0, 12), part(longest, 5, 7), part(longest, 10, 2));
    int[] padding = {0, 5, 10};
    int[] next = {30, 31, 32, 33, 34, 35};
    try (CausalLm model = fixture.model(); KvCache cache = new KvCache(model.config(), padding, 128)) {
      int vocabulary = model.config().vocabSize();
      float[] logits = next(model, cache, new Shape(3, 12), leftPadded(rows, 12));
      for (int step = 0; step <= next.length; step++) {
        int time = logits.length / 3 / vocabulary;
        for (int r = 0; r < 3; r++) {
          float[] whole = Arrays32.logits(model, join(rows.get(r), part(next, 0, step)), Precision.F32);
          assertClose(part(whole, whole.length - vocabulary, vocabulary),
              part(logits, ((r + 1) * time - 1) * vocabulary, vocabulary), TOLERANCE,
              "row " + r + " after " + step + " more tokens");
        }
        if (step < next.length) {
          logits = next(model, cache, new Shape(3, 1), next[step], next[step], next[step]);
        }
      }
    }
  }

  private static int[] leftPadded(List<int[]> rows, int width) {
    return rows.stream().flatMapToInt(row -> Arrays.stream(join(new int[width - row.length], row))).toArray();
  }

  private static int[] join(int[] a, int[] b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }

  @Test
  void theCacheGrowsPastItsFirstRoom() {
    ParityCase fixture = ParityCase.of("llama3-rope");
    int[] row = new java.util.Random(5).ints(200, 4, 99).toArray();
    try (CausalLm model = fixture.model(); KvCache cache = new KvCache(model.config(), new int[] {0}, 128)) {
      int vocabulary = model.config().vocabSize();
      float[] whole = Arrays32.logits(model, row, Precision.F32);
      for (int t = 0; t < row.length; t++) {
        assertClose(part(whole, t * vocabulary, vocabulary), next(model, cache, row[t]), TOLERANCE, "position " + t);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void severalTokensAtOnceMayFollowACachedPrompt(ParityCase fixture) {
    int[] row = fixture.rows().get(0);
    try (CausalLm model = fixture.model(); KvCache cache = new KvCache(model.config(), new int[] {0}, 128)) {
      next(model, cache, part(row, 0, 6));
      float[] rest = next(model, cache, part(row, 6, row.length - 6));
      int vocabulary = model.config().vocabSize();
      float[] expected = part(fixture.tensor("logits.0"), 6 * vocabulary, rest.length);
      assertClose(expected, rest, TOLERANCE, "logits after the cached prompt");
    }
  }

  private static float[] next(CausalLm model, KvCache cache, int... ids) {
    return next(model, cache, new Shape(1, ids.length), ids);
  }

  /** Logits of the next tokens, flat. */
  private static float[] next(CausalLm model, KvCache cache, Shape shape, int... ids) {
    try (NDManager step = Torch.newManager()) {
      NDArray inputIds = Arrays32.ids(step, ids).reshape(shape);
      return model.head(model.hiddenStates(inputIds, cache), Precision.F32).toFloatArray();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3-rope", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"})
  void theOlderConfigurationFormatMeansTheSame(String name, @TempDir Path folder) throws IOException {
    ParityCase fixture = ParityCase.of(name);
    Files.copy(fixture.folder().resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.copy(fixture.folder().resolve("config-v4.json"), folder.resolve("config.json"));
    try (CausalLm model = CausalLm.fromPretrained(folder)) {
      JsonObject newer = ParityCase.json(fixture.folder().resolve("config.json"));
      assertEquals(ModelConfig.fromJson(newer).attention(), model.config().attention());
      float[] logits = Arrays32.logits(model, fixture.rows().get(0), Precision.F32);
      assertClose(fixture.tensor("logits.0"), logits, TOLERANCE, "logits");
    }
  }
}
