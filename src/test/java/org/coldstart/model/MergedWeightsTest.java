package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.coldstart.fixture.LoraCase;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.lora.Lora;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The live weights as a source of tensors, with and without an adapter. */
class MergedWeightsTest {

  @Test
  void severalThreadsReadPiecesOfMergedWeights() throws Exception {
    LoraCase fixture = LoraCase.of("rslora-all-linear");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.fromPretrained(model, fixture.trained());
      List<String> names = lora.targets().stream().map(target -> target + ".weight").toList();
      MergedWeights merged = new MergedWeights(model.weights(), model.linears());
      List<Callable<float[]>> reads = IntStream.range(0, 400)
        .<Callable<float[]>>mapToObj(i -> () -> read(merged, names.get(i % names.size()), i))
        .toList();
      List<Future<float[]>> found = threads.invokeAll(reads);
      lora.mergeAdapter();
      for (int i = 0; i < reads.size(); i++) {
        float[] expected = read(model.weights(), names.get(i % names.size()), i);
        assertClose(expected, found.get(i).get(), 1e-6, names.get(i % names.size()));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** A piece from somewhere within the tensor, which seldom begins or ends with a row. */
  private static float[] read(TensorSource source, String name, int i) {
    int size = (int) source.tensor(name).elements();
    Random random = new Random(i);
    int from = random.nextInt(size - 1);
    float[] values = new float[1 + random.nextInt(size - from)];
    source.read(name, from, FloatBuffer.wrap(values));
    return values;
  }

  @Test
  void vectorsAreReportedAsTheF32TheyAreHeldIn(@TempDir Path folder) {
    try (CausalLm model = ParityCase.of("llama-bias").model()) {
      float[] norm = model.parameters().get("model.norm.weight").toFloatArray();
      model.savePretrained(folder);
      try (CausalLm half = CausalLm.fromPretrained(folder, DType.BF16)) {
        assertEquals(StoredType.F32, half.weights().tensor("model.norm.weight").dtype());
        assertEquals(StoredType.F32, half.weights().tensor("model.layers.0.self_attn.q_proj.bias").dtype());
        assertEquals(StoredType.BF16, half.weights().tensor("model.embed_tokens.weight").dtype());
        half.savePretrained(folder, DType.F32);
      }
      try (CausalLm again = CausalLm.fromPretrained(folder, DType.BF16)) {
        assertArrayEquals(norm, again.parameters().get("model.norm.weight").toFloatArray());
      }
    }
  }
}
