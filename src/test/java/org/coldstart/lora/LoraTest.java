package org.coldstart.lora;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.LoraCase;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.model.Trainable;
import org.coldstart.model.TrainableParameters;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters are those of PEFT: read, merged, taken off, written. */
class LoraTest {

  /** Logits lie within ±15; the trained adapters move them by more than 0.5. */
  private static final double TOLERANCE = 1e-4;

  private static final String CASES = "org.coldstart.fixture.LoraCase#all";

  @ParameterizedTest
  @MethodSource(CASES)
  void whatPeftSavedSaysWhatItSaidThere(LoraCase fixture) {
    int[] row = fixture.base().rows().get(0);
    try (CausalLm model = fixture.model()) {
      float[] without = logits(model, row);
      Lora lora = Lora.fromPretrained(model, fixture.trained());
      assertClose(fixture.logits(), logits(model, row), TOLERANCE, "logits with the adapter");
      assertTrue(Arrays32.distance(without, fixture.logits()) > 0.5, "the adapter shows");
      assertEquals(fixture.truth().get("trainable").getAsLong(), model.trainableCount().trainable());
      assertEquals(fixture.truth().get("all").getAsLong(), model.trainableCount().all());
      String[] targets = new Gson().fromJson(fixture.truth().get("targets"), String[].class);
      assertArrayEquals(targets, lora.targets().stream().sorted().toArray());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void aFreshAdapterChangesNothingAndPeftsFirstOneNeither(LoraCase fixture) {
    assumeFalse(fixture.grown(), "brings rows of its own");
    int[] row = fixture.base().rows().get(0);
    try (CausalLm model = fixture.model()) {
      float[] without = logits(model, row);
      Lora lora = Lora.fromPretrained(model, fixture.initial());
      assertArrayEquals(without, logits(model, row), "PEFT's");
      LoraConfig config = lora.config();
      lora.unload();
      Lora.attach(model, config);
      assertArrayEquals(without, logits(model, row), "ours");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void mergedUnmergedAndAttachedSayTheSame(LoraCase fixture) {
    int[] row = fixture.base().rows().get(0);
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      Map<String, float[]> before = Arrays32.weights(model);
      float[] without = logits(model, row);
      Lora lora = Lora.fromPretrained(model, fixture.trained());
      int[] attached = greedy(model, tokenizer, row);
      lora.mergeAdapter();
      lora.mergeAdapter();
      assertMessage("merged into the weights", lora::parameters);
      assertArrayEquals(attached, greedy(model, tokenizer, row));
      assertClose(fixture.logits(), logits(model, row), TOLERANCE, "logits when merged");
      lora.unmergeAdapter();
      assertArrayEquals(attached, greedy(model, tokenizer, row));
      assertClose(fixture.logits(), logits(model, row), TOLERANCE, "logits when unmerged");
      lora.unload();
      if (!fixture.grown()) {
        assertClose(without, logits(model, row), TOLERANCE, "logits when unloaded");
        Arrays32.weights(model).forEach((name, w) -> assertClose(before.get(name), w, 1e-6, name));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void aModelSavedWithItsAdapterIsTheMergedModel(LoraCase fixture, @TempDir Path folder) {
    int[] row = fixture.base().rows().get(0);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.fromPretrained(model, fixture.trained());
      model.savePretrained(folder);
      try (CausalLm loaded = CausalLm.fromPretrained(folder)) {
        assertClose(fixture.logits(), logits(loaded, row), TOLERANCE, "logits of the saved model");
      }
      assertClose(fixture.logits(), logits(model, row), TOLERANCE, "logits after saving");
      CausalLm merged = lora.mergeAndUnload();
      assertTrue(merged.adapter().isEmpty());
      assertEquals(merged.parameters().keySet(), merged.trainableParameters().keySet());
      assertClose(fixture.logits(), logits(merged, row), TOLERANCE, "logits of the merged model");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void anAdapterSavedAndReadIsTheSameToTheBit(LoraCase fixture, @TempDir Path folder) {
    int[] row = fixture.base().rows().get(0);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.fromPretrained(model, fixture.trained());
      float[] logits = logits(model, row);
      lora.savePretrained(folder);
      LoraConfig config = lora.config();
      lora.unload();
      Lora again = Lora.fromPretrained(model, folder);
      assertEquals(config, again.config());
      assertArrayEquals(logits, logits(model, row));
      Map<String, float[]> peft = LoraCase.adapter(fixture.trained());
      Map<String, float[]> ours = LoraCase.adapter(folder);
      assertTrue(fixture.grown() || peft.keySet().equals(ours.keySet()));
      ours.forEach((name, values) -> assertArrayEquals(peft.get(name), values, name));
    }
  }

  /** PEFT under autocast is off by at most 0.064 and 0.012 on average on this adapter. */
  @Test
  void inBf16TheLogitsAreRoundedAndNoMore() {
    LoraCase fixture = LoraCase.of("rslora-all-linear");
    try (CausalLm model = fixture.model()) {
      Lora.fromPretrained(model, fixture.trained());
      float[] logits = Arrays32.logits(model, fixture.base().rows().get(0), Precision.BF16);
      float[] truth = fixture.logits();
      double sum = 0;
      for (int i = 0; i < logits.length; i++) {
        sum += Math.abs(logits[i] - truth[i]);
      }
      assertClose(truth, logits, 0.1, "logits in bf16");
      assertTrue(sum / logits.length < 0.02, "off by " + sum / logits.length + " on average");
    }
  }

  @Test
  void aWholeEmbeddingOfAnotherSizeAsksToResize() {
    LoraCase fixture = LoraCase.of("grown-tied");
    try (CausalLm model = fixture.base().model()) {
      Map<String, float[]> before = Arrays32.weights(model);
      assertMessage("resizeTokenEmbeddings(101)", () -> Lora.fromPretrained(model, fixture.trained()));
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(before.get(name), w, name));
    }
  }

  @Test
  void theStartIsSeededAndLiesWithinKaimingsBounds() {
    ParityCase base = ParityCase.of("llama-tied");
    float[] first = firstA(base, 1);
    assertArrayEquals(first, firstA(base, 1));
    assertNotEquals(0, Arrays32.distance(first, firstA(base, 2)));
    double bound = 1 / Math.sqrt(32);
    double square = 0;
    for (float value : first) {
      assertTrue(Math.abs(value) <= bound);
      square += value * value / (double) first.length;
    }
    // A uniform distribution over ±b has the variance b²/3.
    assertEquals(bound * bound / 3, square, bound * bound / 12);
  }

  private static float[] firstA(ParityCase base, long seed) {
    try (CausalLm model = base.model()) {
      Lora lora = Lora.attach(model, LoraConfig.builder().seed(seed).r(16).build());
      return lora.tensors().values().iterator().next().toFloatArray();
    }
  }

  @Test
  void aMergedAdapterCannotBeTrainedAndOneAtATimeIsAttached() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      Lora lora = Lora.attach(model, LoraConfig.builder().build());
      assertMessage("has an adapter", () -> Lora.attach(model, LoraConfig.builder().build()));
      assertMessage("has an adapter", () -> model.setTrainable(Trainable.all()));
      lora.mergeAdapter();
      assertMessage("unmergeAdapter()", model::trainableParameters);
      lora.mergeAndUnload();
      assertMessage("taken off", lora::mergeAdapter);
      assertMessage("taken off", () -> lora.savePretrained(Path.of("never")));
    }
  }

  @Test
  void anAdapterForAnotherBaseIsRefusedAndLeavesTheModelAsItWas() {
    int[] row = {5, 6, 7};
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      float[] before = logits(model, row);
      String message = assertThrows(CheckpointException.class,
          () -> Lora.fromPretrained(model, LoraCase.of("regex-untied-rows").trained()))
        .getMessage();
      assertTrue(message.contains("has shape"), message);
      assertTrue(message.contains("another base model"), message);
      assertTrue(model.adapter().isEmpty());
      assertArrayEquals(before, logits(model, row));
      Lora.attach(model, LoraConfig.builder().build());
    }
  }

  @Test
  void anAdapterOfMoreLayersIsRefused(@TempDir Path folder) throws IOException {
    try (CausalLm three = ParityCase.of("llama-tied").model(); CausalLm two = ParityCase.of("llama-kv1").model()) {
      LoraConfig config = LoraConfig.builder().targetModules("q_proj").build();
      Lora onThree = Lora.attach(three, config);
      onThree.savePretrained(folder);
      assertMessage("model.layers.2.self_attn.q_proj", () -> Lora.fromPretrained(two, folder));
      Lora.attach(two, config).savePretrained(folder);
      onThree.unload();
      assertMessage("lacks the tensor", () -> Lora.fromPretrained(three, folder));
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"query_key_value|q_proj", "lm_head|trainableTokenIndices",
    "model.layers.9.self_attn.q_proj|down_proj"})
  void anUnknownTargetListsThoseThereAre(String target, String part) {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      LoraConfig config = LoraConfig.builder().targetModules(target).build();
      assertMessage(target, () -> Lora.attach(model, config));
      assertMessage(part, () -> Lora.attach(model, config));
      assertTrue(model.adapter().isEmpty());
    }
  }

  @Test
  void tokensWithoutRowAreRefused() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      assertMessage("rows 0 to 98", () -> model.setTrainable(Trainable.tokenRows(5, 99)));
      assertMessage("twice", () -> model.setTrainable(Trainable.tokenRows(5, 5)));
      assertMessage("at least one", () -> model.setTrainable(Trainable.tokenRows()));
      LoraConfig head = LoraConfig.builder().trainableTokenIndices("lm_head", 5).build();
      assertMessage("embed_tokens", () -> Lora.attach(model, head));
      model.setTrainable(Trainable.tokenRows(5));
      assertMessage("resize it before", () -> model.resizeTokenEmbeddings(120));
    }
  }

  @Test
  void rowsAreNamedByTheirTokensToo() {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      assertEquals(Trainable.tokenRows(0, 1), Trainable.tokenRows(tokenizer, TinyTokenizer.START, TinyTokenizer.END));
      assertMessage("nowhere", () -> Trainable.tokenRows(tokenizer, "nowhere"));
    }
  }

  @Test
  void aPatternThatMatchesNothingNamesWhatIsNear() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      assertMessage("model.layers.0.self_attn.q_proj.weight",
          () -> model.setTrainable(Trainable.matching("model.layers.*.self_attn.q_prj.*")));
      assertMessage("is the embedding", () -> model.setTrainable(Trainable.matching("*norm*", "lm_head.weight")));
      assertEquals(model.parameters().keySet(), model.trainableParameters().keySet());
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"peft_type|\"IA3\"", "use_dora|true", "bias|\"all\"",
    "modules_to_save|[\"lm_head\"]", "rank_pattern|{\"q_proj\": 4}", "init_lora_weights|\"pissa\"",
    "target_parameters|[\"x\"]", "an_option_of_tomorrow|3", "r|0", "r|2.5", "lora_alpha|\"much\"",
    "target_modules|\"(?P<x>q_proj)\"", "target_modules|[\"no_such_proj\"]", "trainable_token_indices|[7000]"})
  void whatIsNotImplementedIsRefusedByName(String key, String value, @TempDir Path folder) throws IOException {
    String message = refusal(folder, key, value);
    String named = key.equals("trainable_token_indices") ? "7000" : key.split("_modules")[0];
    assertTrue(message.contains(named), message);
    assertTrue(message.contains(folder.toString()), message);
  }

  /** PEFT complains only where no name finds a layer. */
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"target_modules|[\"q_proj\", \"v_proj\", \"c_attn\", \"query_key_value\"]",
    "exclude_modules|[\"lm_head\"]", "exclude_modules|\".*vision.*\"", "exclude_modules|[]"})
  void superfluousNamesAreFine(String key, String value, @TempDir Path folder) throws IOException {
    changeConfig(folder, key, value);
    try (CausalLm model = ParityCase.of("llama-tied").model(); CausalLm other = ParityCase.of("llama-tied").model()) {
      Lora.fromPretrained(model, folder);
      Lora.fromPretrained(other, LoraCase.of("plain").trained());
      assertEquals(other.trainableParameters().keySet(), model.trainableParameters().keySet());
    }
  }

  @Test
  void excludedLayersAreLeftAlone(@TempDir Path folder) {
    LoraConfig config = LoraConfig.builder()
      .targetModules(LoraConfig.Targets.matching("all-linear").without(LoraConfig.Targets.named("q_proj", "mlp.up_proj")))
      .build();
    try (CausalLm model = ParityCase.of("llama-tied").model(); CausalLm other = ParityCase.of("llama-tied").model()) {
      Lora.attach(model, config).savePretrained(folder);
      List<String> trained = List.copyOf(model.trainableParameters().keySet());
      assertTrue(trained.stream().noneMatch(name -> name.matches(".*(q_proj|up_proj).*")), trained::toString);
      assertTrue(trained.stream().anyMatch(name -> name.contains("k_proj")), trained::toString);
      Lora.fromPretrained(other, folder);
      assertEquals(trained, List.copyOf(other.trainableParameters().keySet()));
    }
  }

  private static String refusal(Path folder, String key, String value) throws IOException {
    changeConfig(folder, key, value);
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      return assertThrows(CheckpointException.class, () -> Lora.fromPretrained(model, folder)).getMessage();
    }
  }

  private static void changeConfig(Path folder, String key, String value) throws IOException {
    Path from = LoraCase.of("plain").trained();
    for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
      Files.copy(from.resolve(file), folder.resolve(file));
    }
    JsonObject config = ParityCase.json(folder.resolve("adapter_config.json"));
    config.add(key, new Gson().fromJson(value, com.google.gson.JsonElement.class));
    Files.writeString(folder.resolve("adapter_config.json"), config.toString());
  }

  @Test
  void damagedFoldersAreNamed(@TempDir Path folder) throws IOException {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      assertMessage("adapter_config.json", () -> Lora.fromPretrained(model, folder));
      Path config = folder.resolve("adapter_config.json");
      Files.copy(LoraCase.of("plain").trained().resolve("adapter_config.json"), config);
      assertMessage("adapter_model.safetensors", () -> Lora.fromPretrained(model, folder));
      Files.writeString(folder.resolve("adapter_model.bin"), "pickle");
      assertMessage("pickle", () -> Lora.fromPretrained(model, folder));
      Files.delete(folder.resolve("adapter_model.bin"));
      Files.writeString(config, "{\"r\": ");
      assertMessage("damaged", () -> Lora.fromPretrained(model, folder));
      Files.writeString(config, "{}");
      assertMessage("peft_type", () -> Lora.fromPretrained(model, folder));
    }
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    LoraConfig.Builder builder = LoraConfig.builder();
    assertMessage("r is 0", () -> builder.r(0).build());
    assertMessage("loraAlpha", () -> LoraConfig.builder().loraAlpha(Double.NaN).build());
    assertMessage("loraDropout", () -> LoraConfig.builder().loraDropout(1).build());
    assertMessage("at least one", () -> LoraConfig.builder().targetModules());
    assertMessage("no rows", () -> LoraConfig.builder().trainableTokenIndices("x", 1).build());
    assertEquals(2, LoraConfig.builder().loraAlpha(16).build().scale());
    assertEquals(4, LoraConfig.builder().loraAlpha(16).r(16).useRslora(true).build().scale());
    String written = LoraConfigFile.toJson(LoraConfig.builder().loraAlpha(16).build());
    assertTrue(written.contains("\"lora_alpha\": 16,"), written);
  }

  @Test
  void theCountPrintsAsPeftPrintsIt() {
    TrainableParameters.Count count = new TrainableParameters.Count(6208, 37248);
    assertEquals("trainable params: 6,208 || all params: 37,248 || trainable%: 16.6667", count.toString());
  }

  private static float[] logits(CausalLm model, int[] row) {
    return Arrays32.logits(model, row, Precision.F32);
  }

  private static int[] greedy(CausalLm model, Tokenizer tokenizer, int[] prompt) {
    return new Generator(model, tokenizer).generate(List.of(prompt), Sampling.greedy(), 12).get(0).ids();
  }

  private static void assertMessage(String part, Executable call) {
    String message = assertThrows(RuntimeException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
