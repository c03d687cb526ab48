package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.Gradients;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.coldstart.train.AdamW8Bit.DynamicCode;
import org.junit.jupiter.api.Test;

/** Eight bits a moment: the codes are bitsandbytes', the steps those of a plain loop in Python. */
class AdamW8BitTest {

  private static final JsonObject TRUTH = ParityCase.json(ParityCase.RESOURCES.resolve("training/truth.json"));

  @Test
  void theCodesAreBitsandbytes() {
    assertCodes("signed_codes", DynamicCode.of(true));
    assertCodes("unsigned_codes", DynamicCode.of(false));
  }

  private static void assertCodes(String key, DynamicCode code) {
    double[] expected = ParityCase.doubles(TRUTH.get(key));
    float[] found = code.values();
    assertEquals(256, found.length);
    for (int i = 0; i < found.length; i++) {
      // bitsandbytes rounds the borders to f32 before it takes their middle
      Arrays32.assertRelative(expected[i], found[i], 3e-7, key + " " + i);
    }
  }

  @Test
  void anyShareFindsItsNearestCode() {
    Random random = new Random(1);
    for (DynamicCode code : List.of(DynamicCode.of(true), DynamicCode.of(false))) {
      float[] values = code.values();
      float[] borders = code.borders();
      float[] floors = code.floors();
      for (int i = 0; i < 20_000; i++) {
        double size = Math.pow(10, -9 * random.nextDouble());
        float share = (float) (values[0] < 0 && random.nextBoolean() ? -size : size);
        int upper = Float.floatToRawIntBits(share) >>> 16;
        int found = (int) floors[upper] + (share > borders[upper] ? 1 : 0);
        assertEquals(nearest(values, share), Math.abs(values[found] - share), 1e-7 * size);
      }
    }
  }

  private static double nearest(float[] values, float share) {
    double least = Double.MAX_VALUE;
    for (float value : values) {
      least = Math.min(least, Math.abs(value - share));
    }
    return least;
  }

  @Test
  void theStateTakesAQuarter() {
    try (NDManager manager = Torch.newManager()) {
      Map<String, NDArray> parameters = new LinkedHashMap<>();
      parameters.put("embedding", manager.zeros(new Shape(3001, 64)));
      parameters.put("up", manager.zeros(new Shape(256, 64)));
      parameters.put("norm", manager.zeros(new Shape(64)));
      SftConfig config = SftConfig.builder().build();
      try (AdamW full = new AdamW(parameters, config); AdamW8Bit small = new AdamW8Bit(parameters, config)) {
        double share = (double) bytes(small) / bytes(full);
        assertTrue(share <= 0.27, "8-bit state takes " + share + " of f32 state");
      }
    }
  }

  private static long bytes(Optimizer optimizer) {
    return optimizer.state()
      .values()
      .stream()
      .mapToLong(array -> array.size() * array.getDataType().getNumOfBytes())
      .sum();
  }

  @Test
  void tenStepsAreThoseOfAPlainLoopInPython() {
    JsonObject optimizer = TRUTH.getAsJsonObject("optimizer");
    JsonObject truth = TRUTH.getAsJsonObject("adamw_8bit");
    ParityCase fixture = ParityCase.of("llama-tied");
    SftConfig config = SftConfig.builder()
      .learningRate(optimizer.get("lr").getAsDouble())
      .weightDecay(optimizer.get("weight_decay").getAsDouble())
      .build();
    int least = optimizer.get("least").getAsInt();
    try (CausalLm model = fixture.model()) {
      List<Double> losses = losses(model, fixture.examples(), config, 10, (p, c) -> new AdamW8Bit(p, c, least));
      double[] expected = ParityCase.doubles(truth.get("losses"));
      for (int i = 0; i < expected.length; i++) {
        // A value at a border may fall to either code, and that is a step of one code's width.
        Arrays32.assertRelative(expected[i], losses.get(i), 2e-3, "loss of step " + (i + 1));
      }
      Arrays32.assertRelative(expected[1], losses.get(1), 1e-5, "before a code can differ");
      JsonObject norms = truth.getAsJsonObject("final_weight_norms");
      Arrays32.weights(model)
        .forEach((name, values) -> Arrays32.assertRelative(norms.get(name).getAsDouble(), Arrays32.norm(values), 2e-3,
            name));
    }
  }

  /** Trains in f32 and in 8 bits: the curves stay together. */
  @Test
  void theCurveStaysWithF32() {
    SftConfig config = SftConfig.builder().learningRate(3e-4).build();
    List<Example> rows = Rows.some(8);
    try (CausalLm one = ParityCase.of("llama-untied").model(); CausalLm other = ParityCase.of("llama-untied").model()) {
      List<Double> full = losses(one, rows, config, 50, AdamW::new);
      List<Double> small = losses(other, rows, config, 50, (p, c) -> new AdamW8Bit(p, c, 256));
      assertTrue(full.get(50) < 0.7 * full.get(0), "it learns: " + full.get(50));
      for (int step = 0; step <= 50; step++) {
        Arrays32.assertRelative(full.get(step), small.get(step), 0.01, "loss of step " + step);
      }
    }
  }

  /** Whole, part and odd last blocks; zeros, and values of every size. */
  @Test
  void theStateHoldsTheNearestCodes() {
    Random random = new Random(3);
    int size = 131_072 + 256 + 17; // more than is updated at a time
    float[] gradient = new float[size];
    for (int i = 300; i < size; i++) {
      gradient[i] = (float) (random.nextGaussian() * Math.pow(10, -6 * random.nextDouble()));
    }
    SftConfig config = SftConfig.builder().learningRate(1e-3).build();
    try (NDManager manager = Torch.newManager()) {
      NDArray parameter = manager.zeros(new Shape(size));
      try (Gradients gradients = new Gradients(Map.of("w", parameter), List.of());
          AdamW8Bit optimizer = new AdamW8Bit(Map.of("w", parameter), config)) {
        gradients.of(parameter).set(gradient);
        optimizer.step(gradients, 1e-3);
        assertNearest(gradient, 0.1f, 1, optimizer.state(), "1.w", DynamicCode.of(true));
        assertNearest(gradient, 0.001f, 2, optimizer.state(), "2.w", DynamicCode.of(false));
        float[] moved = parameter.toFloatArray();
        float[] expected = new float[size];
        for (int i = 0; i < size; i++) {
          expected[i] = (float) (-1e-3 * gradient[i] / (Math.abs(gradient[i]) + 1e-8));
        }
        assertClose(expected, moved, 1e-7, "the first step goes by the sign");
      }
    }
  }

  private static void assertNearest(float[] gradient, float share, int power, Map<String, NDArray> state, String key,
      DynamicCode code) {
    float[] values = code.values();
    float[] largest = state.get("absmax" + key).toFloatArray();
    byte[] codes = state.get("state" + key).toByteArray();
    for (int i = 0; i < gradient.length; i++) {
      float moment = share * (float) Math.pow(gradient[i], power);
      float max = largest[i / AdamW8Bit.BLOCK];
      double found = Math.abs(values[codes[i] & 0xff] - moment / max);
      assertEquals(nearest(values, moment / max), found, 1e-6, "value " + i);
    }
  }

  /** The loss before each step, and after the last. */
  private static List<Double> losses(CausalLm model, List<Example> rows, SftConfig config, int steps,
      BiFunction<Map<String, NDArray>, SftConfig, Optimizer> optimizers) {
    Batch batch = Batch.of(rows);
    List<Double> losses = new ArrayList<>();
    try (ForwardBackward pass = model.trainingPass(Precision.F32, false);
        Optimizer optimizer = optimizers.apply(model.parameters(), config)) {
      for (int step = 0; step < steps; step++) {
        LossSums sums = pass.forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(),
            1.0 / batch.keptTokens());
        losses.add(sums.meanLoss());
        optimizer.step(pass.gradients(), config.learningRate());
        pass.gradients().clear();
      }
      losses.add(Losses.mean(model, rows, rows.size(), Precision.F32));
    }
    return losses;
  }

  @Test
  void savedStateIsReadBack(@org.junit.jupiter.api.io.TempDir java.nio.file.Path folder) {
    java.nio.file.Path file = folder.resolve("optimizer.safetensors");
    SftConfig config = SftConfig.builder().build();
    try (NDManager manager = Torch.newManager()) {
      Map<String, NDArray> parameters = Map.of("w", manager.zeros(new Shape(70, 100)), "b",
          manager.zeros(new Shape(7)));
      try (AdamW8Bit one = new AdamW8Bit(parameters, config); AdamW8Bit other = new AdamW8Bit(parameters, config)) {
        Random random = new Random(5);
        byte[] codes = new byte[7000];
        random.nextBytes(codes);
        one.state().get("state1.w").set(java.nio.ByteBuffer.wrap(codes));
        one.state().get("exp_avg.b").set(new float[] {1, 2, 3, 4, 5, 6, 7});
        StateTensors.write(file, one.state());
        StateTensors.read(file, other.state());
        assertArrayEquals(codes, other.state().get("state1.w").toByteArray());
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7}, other.state().get("exp_avg.b").toFloatArray());
      }
    }
  }
}
