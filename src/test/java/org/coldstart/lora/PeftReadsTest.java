package org.coldstart.lora;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Python's PEFT loads what we save and says the same with it. */
class PeftReadsTest {

  private static final String PYTHON = System.getProperty("COLDSTART_PYTHON", System.getenv("COLDSTART_PYTHON"));

  static Stream<Arguments> adapters() {
    return Stream.of(Arguments.of("llama-tied", LoraConfig.builder().build()),
        Arguments.of("llama-tied",
            LoraConfig.builder()
              .r(512)
              .loraAlpha(512)
              .targetModules("q_proj", "k_proj", "v_proj", "o_proj")
              .trainableTokenIndices(4, 98, 50)
              .build()),
        Arguments.of("llama-bias",
            LoraConfig.builder()
              .r(5)
              .loraAlpha(7.5)
              .useRslora(true)
              .targetModules("all-linear")
              .trainableTokenIndices(7)
              .build()),
        Arguments.of("llama3-rope",
            LoraConfig.builder()
              .r(1)
              .loraDropout(0.1)
              .targetModules("mlp.down_proj", "self_attn.o_proj")
              .layersToTransform(0)
              .build()),
        Arguments.of("llama-untied",
            LoraConfig.builder()
              .targetModules(LoraConfig.Targets.matching("model\\.layers\\.\\d+\\.mlp\\.(up|gate)_proj"))
              .trainableTokenIndices(11, 5)
              .trainableTokenIndices("lm_head", 12)
              .build()));
  }

  @ParameterizedTest
  @MethodSource("adapters")
  void adaptersOfEveryKind(String base, LoraConfig config, @TempDir Path folder)
      throws IOException, InterruptedException {
    assumeTrue(hasPeft(), "COLDSTART_PYTHON names no Python with peft");
    ParityCase fixture = ParityCase.of(base);
    int[] row = fixture.rows().get(1);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.attach(model, config);
      disturb(lora.tensors());
      model.trainable().writeTokens();
      float[] logits = Arrays32.logits(model, row, Precision.F32);
      lora.savePretrained(folder.resolve("adapter"));
      JsonObject answer = ask(fixture.folder(), folder, row);
      assertEquals("[]", answer.get("warnings").toString());
      assertClose(logits, floats(answer, "logits"), 1e-4, "logits");
      assertClose(logits, floats(answer, "merged_logits"), 1e-4, "logits when merged in Python");
      assertEquals(model.trainableCount().trainable(), answer.get("trainable").getAsLong());
      assertEquals(model.trainableCount().all(), answer.get("all").getAsLong());
    }
  }

  /** Moves every value, so that B is not zero and the rows are not the base model's. */
  private static void disturb(Map<String, ai.djl.ndarray.NDArray> tensors) {
    Random random = new Random(3);
    tensors.forEach((name, tensor) -> {
      float[] values = tensor.toFloatArray();
      double by = 0.3 / Math.sqrt(tensor.getShape().get(1));
      for (int i = 0; i < values.length; i++) {
        values[i] += (float) (by * random.nextGaussian());
      }
      tensor.set(values);
    });
  }

  private static boolean hasPeft() throws IOException, InterruptedException {
    return PYTHON != null && !PYTHON.isBlank() && run("-c", "import peft, transformers") == 0;
  }

  private static JsonObject ask(Path base, Path folder, int[] row) throws IOException, InterruptedException {
    JsonObject request = new JsonObject();
    request.add("prompt", new Gson().toJsonTree(row));
    Path question = Files.writeString(folder.resolve("request.json"), request.toString());
    Path answer = folder.resolve("answer.json");
    int status = run("environment/parity/read_adapter.py", base.toString(), folder.resolve("adapter").toString(),
        question.toString(), answer.toString());
    assertTrue(status == 0, "read_adapter.py failed; its words are above");
    return ParityCase.json(answer);
  }

  private static int run(String... arguments) throws IOException, InterruptedException {
    ProcessBuilder process = new ProcessBuilder(PYTHON);
    process.command().addAll(java.util.List.of(arguments));
    process.environment().put("OMP_NUM_THREADS", "1");
    process.redirectErrorStream(true);
    Path output = Files.createTempFile("python", ".txt");
    process.redirectOutput(output.toFile());
    int status = process.start().waitFor();
    if (status != 0) {
      System.err.println(Files.readString(output));
    }
    Files.delete(output);
    return status;
  }

  private static float[] floats(JsonObject answer, String key) {
    return new Gson().fromJson(answer.get(key), float[].class);
  }
}
