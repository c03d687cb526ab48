package org.coldstart.io.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The config.json files of well-known models are read, every one to the right values. */
class RealConfigsTest {
  private static final JsonObject ALL = JsonFiles.read(Path.of("src/test/resources/configs/real.json"),
      CheckpointException::new);

  static Stream<String> names() {
    return ALL.keySet().stream();
  }

  private static ModelConfig config(String name) {
    return ModelConfig.fromJson(ALL.getAsJsonObject(name), name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void isReadAndSavedWithoutLoss(String name) {
    ModelConfig config = config(name);
    JsonObject saved = config.toJson();
    ModelConfig again = ModelConfig.fromJson(saved);
    assertEquals(config.attention(), again.attention());
    assertEquals(config.tensorShapes(), again.tensorShapes());
    for (String key : ALL.getAsJsonObject(name).keySet()) {
      JsonElement before = ALL.getAsJsonObject(name).get(key);
      assertTrue(key.equals("rope_scaling") || before.equals(saved.get(key)), key);
    }
  }

  /** Counted from the shapes; the numbers are those that the models' pages give. */
  @Test
  void theNumberOfParametersIsRight() {
    assertEquals(1_235_814_400L, parameters("Llama-3.2-1B-Instruct"));
    assertEquals(8_030_261_248L, parameters("DeepSeek-R1-Distill-Llama-8B"));
    assertEquals(1_100_048_384L, parameters("TinyLlama-1.1B-Chat-v1.0"));
    assertEquals(134_515_008L, parameters("SmolLM2-135M-Instruct"));
    assertEquals(7_248_023_552L, parameters("Mistral-7B-Instruct-v0.3"));
    assertEquals(494_032_768L, parameters("Qwen2.5-0.5B-Instruct"));
    assertEquals(1_777_088_000L, parameters("DeepSeek-R1-Distill-Qwen-1.5B"));
    assertEquals(596_049_920L, parameters("Qwen3-0.6B-Base"));
    assertEquals(8_190_735_360L, parameters("Qwen3-8B"));
    assertEquals(2_506_172_416L, parameters("gemma-2b-it"));
    assertEquals(2_614_341_888L, parameters("gemma-2-2b"));
    assertEquals(999_885_952L, parameters("gemma-3-1b-it"));
  }

  private static long parameters(String name) {
    return config(name).tensorShapes()
      .values()
      .stream()
      .mapToLong(shape -> shape.stream().reduce(1L, Math::multiplyExact))
      .sum();
  }

  @Test
  void qwensHaveBiasesOrNormsAndTheirWindowIsOff() {
    ModelConfig two = config("Qwen2.5-0.5B-Instruct");
    assertTrue(two.attention().inputBias() && !two.attention().outputBias());
    assertTrue(two.tieWordEmbeddings() && !two.attention().queryKeyNorm());
    assertEquals(List.of(151645), two.ids().eos());
    assertNull(two.ids().pad());
    assertTrue(allFull(two) && allFull(config("DeepSeek-R1-Distill-Qwen-1.5B")));
    ModelConfig three = config("Qwen3-0.6B-Base");
    assertTrue(three.attention().queryKeyNorm() && !three.attention().inputBias());
    assertEquals(128, three.attention().headDim());
    assertEquals(RopeParameters.plain(1_000_000), three.attention().rope());
    assertTrue(allFull(three));
  }

  @Test
  void gemmasScaleCapAndLookBackAsTheyShould() {
    ModelConfig one = config("gemma-2b-it");
    assertEquals(Activation.GELU_TANH, one.feedForward().activation());
    assertEquals(Math.sqrt(2048), one.embeddingScale());
    assertEquals(1 / 16.0, one.attention().scale());
    assertTrue(one.tieWordEmbeddings() && one.norm().onePlusWeight() && allFull(one));
    ModelConfig two = config("gemma-2-2b");
    assertEquals(50, two.attention().scoreSoftcap());
    assertEquals(30, two.logitSoftcap());
    assertTrue(two.norm().sandwiched());
    assertEquals(List.of(LayerType.SLIDING_ATTENTION, LayerType.FULL_ATTENTION),
        two.attention().layerTypes().subList(0, 2));
    assertEquals(4096, two.attention().slidingWindow());
    ModelConfig three = config("gemma-3-1b-it");
    assertNull(three.attention().scoreSoftcap());
    assertNull(three.logitSoftcap());
    assertEquals(LayerType.FULL_ATTENTION, three.attention().layerTypes().get(5));
    assertEquals(4, three.attention().layerTypes().stream().filter(LayerType.FULL_ATTENTION::equals).count());
    assertEquals(512, three.attention().slidingWindow());
    assertEquals(RopeParameters.plain(1_000_000), three.attention().rope());
    assertEquals(RopeParameters.plain(10_000), three.attention().ropes().get(LayerType.SLIDING_ATTENTION));
    assertEquals(List.of(1, 106), three.ids().eos());
  }

  @Test
  void mistralsFirstVersionSlidesEverywhere() {
    assertTrue(allFull(config("Mistral-7B-Instruct-v0.3")));
    ModelConfig first = config("Mistral-7B-v0.1");
    assertEquals(4096, first.attention().slidingWindow());
    assertTrue(first.attention().layerTypes().stream().allMatch(LayerType.SLIDING_ATTENTION::equals));
  }

  private static boolean allFull(ModelConfig config) {
    return config.attention().layerTypes().stream().allMatch(LayerType.FULL_ATTENTION::equals);
  }
}
