package org.coldstart.io.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.List;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.config.ModelConfig.SpecialIds;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.StoredType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
  /** As transformers 4 writes a Llama 3.2 1B. */
  private static final String LLAMA_3_2 = """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64, "hidden_act": "silu",
       "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192,
       "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32,
       "num_hidden_layers": 16, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
       "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
          "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 500000.0,
       "tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.45.0.dev0",
       "use_cache": true, "vocab_size": 128256}\
      """;

  private static final String SMALL = """
      {"architectures": ["LlamaForCausalLM"], "vocab_size": 10, "hidden_size": 12, "intermediate_size": 16,
       "num_hidden_layers": 1, "num_attention_heads": 3}\
      """;

  private static JsonObject json(String text) {
    return Json.parse(text).getAsJsonObject();
  }

  private static ModelConfig small(String more) {
    JsonObject json = json(SMALL);
    json(more).entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
    return ModelConfig.fromJson(json, "x/config.json");
  }

  private static String refusal(String more) {
    String message = assertThrows(CheckpointException.class, () -> small(more)).getMessage();
    assertTrue(message.contains("x/config.json"), message);
    return message;
  }

  @Test
  void readsTransformers4() {
    ModelConfig config = ModelConfig.fromJson(json(LLAMA_3_2));
    assertEquals(List.of(128256, 2048, 8192, 16, 32, 8, 64, 131072),
        List.of(config.vocabSize(), config.hiddenSize(), config.feedForward().intermediateSize(),
            config.numHiddenLayers(), config.attention().heads(), config.attention().keyValueHeads(),
            config.attention().headDim(), config.maxPositionEmbeddings()));
    assertEquals(1e-5, config.norm().eps());
    assertEquals(new RopeParameters(RopeParameters.Type.LLAMA3, 500_000, 32, 1, 4, 8192), config.attention().rope());
    assertTrue(config.tieWordEmbeddings());
    assertEquals(List.of(128001, 128008, 128009), config.ids().eos());
    assertEquals(128000, config.ids().bos());
  }

  @Test
  void readsTransformers5() {
    JsonObject json = json(LLAMA_3_2);
    JsonObject rope = json.remove("rope_scaling").getAsJsonObject();
    rope.add("rope_theta", json.remove("rope_theta"));
    json.add("rope_parameters", rope);
    json.add("dtype", json.remove("torch_dtype"));
    assertEquals(ModelConfig.fromJson(json(LLAMA_3_2)).attention().rope(),
        ModelConfig.fromJson(json).attention().rope());
    JsonObject saved = ModelConfig.fromJson(json).toJson(StoredType.F32);
    assertEquals(rope, saved.get("rope_parameters"));
    assertEquals("float32", saved.get("dtype").getAsString());
    // Beside them what transformers 4 needs.
    assertEquals("float32", saved.get("torch_dtype").getAsString());
    assertEquals(500_000, saved.get("rope_theta").getAsDouble());
    assertEquals(json(LLAMA_3_2).get("rope_scaling"), saved.get("rope_scaling"));
  }

  @Test
  void absentKeysHaveTheDefaultsOfTransformers() {
    ModelConfig config = small("{}");
    assertEquals(4, config.attention().headDim());
    assertEquals(3, config.attention().keyValueHeads());
    assertEquals(1e-6, config.norm().eps());
    assertEquals(RopeParameters.plain(10_000), config.attention().rope());
    assertEquals(2048, config.maxPositionEmbeddings());
    assertFalse(config.tieWordEmbeddings() || config.attention().inputBias() || config.feedForward().bias());
    assertEquals(1, config.ids().bos());
    assertEquals(List.of(2), config.ids().eos());
    assertEquals(List.of(), small("{\"eos_token_id\": null}").ids().eos());
  }

  @Test
  void absentKeysHaveTheDefaultsOfTheArchitecture() {
    String four = ", \"num_attention_heads\": 4, \"num_key_value_heads\": 2}";
    ModelConfig qwen = small("{\"architectures\": [\"Qwen3ForCausalLM\"]" + four);
    assertEquals(128, qwen.attention().headDim());
    assertEquals(new SpecialIds(null, List.of(), null), qwen.ids());
    assertFalse(qwen.tieWordEmbeddings());
    ModelConfig gemma = small("{\"architectures\": [\"Gemma2ForCausalLM\"]" + four);
    assertEquals(256, gemma.attention().headDim());
    assertEquals(1 / 16.0, gemma.attention().scale());
    assertEquals(50, gemma.attention().scoreSoftcap());
    assertEquals(30, gemma.logitSoftcap());
    assertEquals(4096, gemma.attention().slidingWindow());
    assertEquals(new SpecialIds(2, List.of(1), 0), gemma.ids());
    assertTrue(gemma.tieWordEmbeddings());
    assertEquals(RopeParameters.plain(1_000_000),
        small("{\"architectures\": [\"Gemma3ForCausalLM\"]" + four).attention().rope());
  }

  @Test
  void savingKeepsEveryKeyAndReadsBackEqual() {
    ModelConfig config = ModelConfig.fromJson(json(LLAMA_3_2)).withVocabSize(128260);
    JsonObject saved = config.toJson();
    JsonObject expected = json(LLAMA_3_2);
    expected.addProperty("vocab_size", 128260);
    assertEquals(expected, saved);
    ModelConfig again = ModelConfig.fromJson(saved);
    assertEquals(config.tensorShapes(), again.tensorShapes());
    assertEquals("float16", config.toJson(StoredType.F16).get("torch_dtype").getAsString());
  }

  @Test
  void tensorShapesAreThoseOfTransformers() {
    try (SafetensorsFile file = SafetensorsFile.open(Fixtures.path("hf/model.safetensors"))) {
      ModelConfig config = ModelConfig
        .fromJson(JsonFiles.read(Fixtures.path("hf/config.json"), CheckpointException::new));
      assertEquals(config.tensorShapes().keySet(), file.tensors().keySet());
      config.tensorShapes().forEach((name, shape) -> assertEquals(shape, file.tensor(name).shape(), name));
    }
    assertTrue(small("{\"attention_bias\": true, \"mlp_bias\": true}").tensorShapes()
      .keySet()
      .containsAll(
          List.of("model.layers.0.self_attn.o_proj.bias", "model.layers.0.mlp.down_proj.bias", "lm_head.weight")));
    assertFalse(small("{\"tie_word_embeddings\": true}").tensorShapes().containsKey("lm_head.weight"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"hidden_act              | {'hidden_act': 'gelu'}",
    "quantization_config     | {'quantization_config': {'bits': 4}}",
    "sliding_window          | {'sliding_window': 128}", "attn_logit_softcapping  | {'attn_logit_softcapping': 50.0}",
    "partial_rotary_factor   | {'partial_rotary_factor': 0.5}",
    "partial_rotary_factor   | {'rope_parameters': {'rope_theta': 1e4, 'partial_rotary_factor':" + " 0.5}}",
    "attention_dropout       | {'attention_dropout': 0.1}",
    "layer_types             | {'layer_types': ['sliding_attention']}",
    "layer_types             | {'architectures': ['MistralForCausalLM'], 'sliding_window': 8,"
        + " 'num_key_value_heads': 3, 'layer_types': ['full_attention']}",
    "chunked_attention       | {'architectures': ['Qwen2ForCausalLM'], 'num_key_value_heads':"
        + " 3, 'layer_types': ['chunked_attention']}",
    "attn_logit_softcapping  | {'architectures': ['Gemma3ForCausalLM'], 'head_dim': 4,"
        + " 'num_key_value_heads': 3, 'attn_logit_softcapping': 50.0}",
    "final_logit_softcapping | {'final_logit_softcapping': 30.0}",
    "query_pre_attn_scalar   | {'query_pre_attn_scalar': 144}",
    "use_bidirectional_attention | {'architectures': ['Gemma3ForCausalLM']," + " 'use_bidirectional_attention': true}",
    "hidden_activation       | {'architectures': ['GemmaForCausalLM'], 'hidden_activation':" + " 'gelu'}",
    "hidden_activation       | {'architectures': ['Gemma2ForCausalLM'], 'num_key_value_heads':"
        + " 3, 'hidden_activation': 'gelu'}",
    "yarn                    | {'architectures': ['Gemma3ForCausalLM'], 'num_key_value_heads':"
        + " 3, 'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0}}",
    "is_encoder_decoder      | {'is_encoder_decoder': true}",
    "yarn                    | {'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0}}",
    "dynamic                 | {'rope_scaling': {'type': 'dynamic', 'factor': 4.0}}",
    "longrope                | {'rope_parameters': {'rope_type': 'longrope', 'rope_theta':" + " 1e4}}",
    "full_attention          | {'rope_parameters': {'full_attention': {'rope_theta': 1e4}}}"})
  void optionsThatChangeTheResultAreRefusedByName(String key, String more) {
    String message = refusal(more.replace('\'', '"'));
    assertTrue(message.contains(key) && message.contains("not implemented"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{'sliding_window': null}", "{'sliding_window': 2048}", "{'quantization_config': null}",
    "{'partial_rotary_factor': 1.0}", "{'rope_scaling': null}", "{'attention_dropout': 0}",
    "{'architectures': ['MistralForCausalLM'], 'num_key_value_heads': 3}", "{'layer_types': ['full_attention']}",
    "{'attn_logit_softcapping': null, 'use_bidirectional_attention': false}",
    "{'architectures': ['Qwen2ForCausalLM'], 'num_key_value_heads': 3, 'sliding_window': 8,"
        + " 'use_sliding_window': false, 'attention_bias': false, 'use_mrope': false}",
    "{'architectures': ['GemmaForCausalLM'], 'num_key_value_heads': 3, 'hidden_act': 'gelu',"
        + " 'hidden_activation': null}",
    "{'architectures': ['Gemma3ForCausalLM'], 'num_key_value_heads': 3, 'hidden_act': 'silu',"
        + " 'rope_scaling': {}}"})
  void optionsThatChangeNothingAreFine(String more) {
    assertEquals(10, small(more.replace('\'', '"')).vocabSize());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"vocab_size           | {'vocab_size': 0}",
    "vocab_size           | {'vocab_size': 9999999999}", "vocab_size           | {'vocab_size': '10'}",
    "vocab_size           | {'vocab_size': null}", "hidden_size          | {'hidden_size': 13}",
    "hidden_size          | {'hidden_size': 12.5}", "num_hidden_layers    | {'num_hidden_layers': -1}",
    "num_key_value_heads  | {'num_key_value_heads': 2}", "head_dim             | {'head_dim': 3}",
    "rms_norm_eps         | {'rms_norm_eps': 0}", "rope_theta           | {'rope_theta': -1}",
    "factor               | {'rope_scaling': {'type': 'linear'}}",
    "high_freq_factor     | {'rope_scaling': {'type': 'llama3', 'factor': 8, 'low_freq_factor':"
        + " 4, 'high_freq_factor': 4}}",
    "rope_scaling         | {'rope_scaling': 3}", "eos_token_id         | {'eos_token_id': ['</s>']}",
    "tie_word_embeddings  | {'tie_word_embeddings': 'yes'}",
    "layer_types          | {'architectures': ['Qwen2ForCausalLM'], 'num_key_value_heads': 3," + " 'layer_types': []}",
    "sliding_window       | {'architectures': ['Gemma2ForCausalLM'], 'num_key_value_heads': 3,"
        + " 'sliding_window': null}",
    "sliding_window       | {'architectures': ['Qwen2ForCausalLM'], 'num_key_value_heads': 3,"
        + " 'layer_types': ['sliding_attention']}",
    "rope_theta           | {'architectures': ['Gemma3ForCausalLM'], 'num_key_value_heads': 3,"
        + " 'rope_parameters': {'rope_theta': 1e4}}",
    "query_pre_attn_scalar | {'architectures': ['Gemma2ForCausalLM'], 'num_key_value_heads': 3,"
        + " 'query_pre_attn_scalar': 0}",
    "model_type           | {'model_type': 'qwen2'}"})
  void senselessValuesAreNamed(String key, String more) {
    String message = refusal(more.replace('\'', '"'));
    assertTrue(message.contains('"' + key + '"'), message);
  }

  @Test
  void anUnknownArchitectureIsNamedWithThoseKnown() {
    String message = refusal("{\"architectures\": [\"Gemma3ForConditionalGeneration\"]}");
    assertTrue(message.contains("Gemma3ForConditionalGeneration")
        && message.contains("LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM"), message);
    JsonObject typeOnly = json(SMALL);
    typeOnly.remove("architectures");
    assertThrows(CheckpointException.class, () -> ModelConfig.fromJson(typeOnly));
    typeOnly.addProperty("model_type", "llama");
    assertEquals("LlamaForCausalLM", ModelConfig.fromJson(typeOnly).architecture());
  }

  @Test
  void frequenciesFollowTheFormulas() {
    double[] plain = RopeParameters.plain(10_000).inverseFrequencies(4);
    assertEquals(1, plain[0]);
    assertEquals(0.01, plain[1], 1e-15);
    double[] linear = small("{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}}").attention()
      .rope()
      .inverseFrequencies(4);
    assertEquals(0.25, linear[0]);
    // Llama 3.2 1B as transformers computes it in f32: first, in the middle range, last.
    double[] llama3 = ModelConfig.fromJson(json(LLAMA_3_2)).attention().rope().inverseFrequencies(64);
    assertEquals(1, llama3[0]);
    assertEquals(LLAMA3_MIDDLE, llama3[16], 1e-6 * LLAMA3_MIDDLE);
    assertEquals(LLAMA3_LAST, llama3[31], 1e-6 * LLAMA3_LAST);
  }

  private static final double LLAMA3_MIDDLE = 0.000429556705057621;
  private static final double LLAMA3_LAST = 9.418306490260875e-08;

  @Test
  void generationConfigurationsKeepTheirKeys() {
    GenerationConfig config = GenerationConfig.fromJson(json("""
        {"do_sample": true, "temperature": 0.6, "top_p": 0.9, "eos_token_id": [2, 3], "min_p": 0.1,
         "num_beams": 1, "stop_strings": ["x"]}\
        """));
    assertTrue(config.doSample());
    assertEquals(0.6, config.temperature());
    assertEquals(50, config.topK());
    assertEquals(0.9, config.topP());
    assertEquals(List.of(2, 3), config.eosTokenIds());
    assertEquals(List.of("min_p", "stop_strings"), config.otherOptions());
    assertEquals(0.1, config.toJson().get("min_p").getAsDouble());
    assertEquals(config.eosTokenIds(), GenerationConfig.fromJson(config.toJson()).eosTokenIds());
    assertThrows(CheckpointException.class, () -> GenerationConfig.fromJson(json("{\"top_p\": 1.5}")));
    assertThrows(CheckpointException.class, () -> GenerationConfig.fromJson(json("{\"top_k\": -1}")));
  }
}
