package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.assertRelative;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The loss is computed some positions at a time, here in three chunks: 2^24 logits, those of 128 positions, and there
 * are 298. Loss and gradients are those of transformers, which works out all logits at once, with and without
 * checkpointing.
 */
class ChunkedLossTest {

  private static final ParityCase FIXTURE = ParityCase.of("ten-steps");
  private static final JsonObject TRUTH = FIXTURE.section("chunked");
  private static final String EMBEDDING = "model.embed_tokens.weight";

  /** Share of a gradient's norm; measured are up to 1e-6. */
  private static final double RELATIVE = 1e-5;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inPartsAsAtOnce(boolean checkpointing) {
    Batch batch = Batch.of(examples());
    assertEquals(298, batch.keptTokens());
    try (CausalLm model = model(); ForwardBackward pass = model.trainingPass(Precision.F32, checkpointing)) {
      LossSums sums = pass.forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(),
          1.0 / batch.keptTokens());
      assertEquals(TRUTH.get("loss").getAsDouble(), sums.meanLoss(), 1e-5);
      assertGradients(model.parameters()
        .entrySet()
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> pass.gradients().of(e.getValue()).toFloatArray())));
    }
  }

  private static void assertGradients(Map<String, float[]> gradients) {
    JsonObject norms = TRUTH.getAsJsonObject("norms");
    assertEquals(norms.keySet(), gradients.keySet());
    gradients.forEach((name, values) -> assertRelative(norms.get(name).getAsDouble(), Arrays32.norm(values), RELATIVE,
        "norm of " + name));
    for (String name : List.of("model.norm.weight", "model.layers.0.self_attn.k_proj.weight")) {
      assertNear(FIXTURE.tensor("chunked." + name), gradients.get(name), name);
    }
    int[] watched = ParityCase.ints(TRUTH.get("watched_ids"));
    float[] rows = FIXTURE.tensor("chunked.rows");
    int hidden = rows.length / watched.length;
    for (int i = 0; i < watched.length; i++) {
      float[] row = part(gradients.get(EMBEDDING), watched[i] * hidden, hidden);
      assertNear(part(rows, i * hidden, hidden), row, "the row of id " + watched[i]);
    }
  }

  private static void assertNear(float[] expected, float[] gradient, String name) {
    assertClose(expected, gradient, RELATIVE * Arrays32.norm(expected), "gradient of " + name);
  }

  private static List<Example> examples() {
    return Arrays.stream(ParityCase.matrix(TRUTH, "input_ids")).map(ids -> {
      boolean[] mask = new boolean[ids.length];
      Arrays.fill(mask, true);
      return new Example(ids, mask);
    }).toList();
  }

  /** The checkpoint's rows over and over, every second time negated. */
  private static CausalLm model() {
    CausalLm model = FIXTURE.model();
    float[] rows = model.parameters().get(EMBEDDING).toFloatArray();
    int hidden = model.config().hiddenSize();
    int vocabulary = TRUTH.get("vocab_size").getAsInt();
    model.resizeTokenEmbeddings(vocabulary);
    float[] grown = new float[vocabulary * hidden];
    for (int i = 0; i < grown.length; i++) {
      float value = rows[i % rows.length];
      grown[i] = i / rows.length % 2 == 0 ? value : -value;
    }
    NDArray embedding = model.parameters().get(EMBEDDING);
    TorchOps.fill(embedding, grown);
    return model;
  }
}
