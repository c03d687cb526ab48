package org.coldstart.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code config.json} says about a decoder, as written by transformers 4 or 5.
 *
 * @param architecture class name in transformers, such as {@code LlamaForCausalLM}
 * @param modelType {@code model_type}, such as {@code llama}
 * @param vocabSize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width inside the feed-forward part
 * @param numHiddenLayers decoder layers
 * @param numAttentionHeads query heads
 * @param numKeyValueHeads key and value heads; divides {@code numAttentionHeads}
 * @param headDim width of one head, even
 * @param rmsNormEps added to the mean square in RMS norms
 * @param rope rotary position embedding
 * @param maxPositionEmbeddings longest text the model was made for, in tokens
 * @param tieWordEmbeddings whether the output projection is the embedding matrix
 * @param attentionBias whether q, k, v and o projections have biases
 * @param mlpBias whether gate, up and down projections have biases
 * @param hiddenAct activation of the feed-forward part: {@code silu}
 * @param bosTokenId id that begins a text, or null
 * @param eosTokenIds ids that end a text, may be empty
 * @param padTokenId id that fills batches, or null
 * @param source the JSON it was read from, kept so that saving loses no key
 */
public record ModelConfig(
    String architecture,
    String modelType,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int numKeyValueHeads,
    int headDim,
    double rmsNormEps,
    RopeParameters rope,
    int maxPositionEmbeddings,
    boolean tieWordEmbeddings,
    boolean attentionBias,
    boolean mlpBias,
    String hiddenAct,
    Integer bosTokenId,
    List<Integer> eosTokenIds,
    Integer padTokenId,
    JsonObject source) {

  public ModelConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
    source = source.deepCopy();
  }

  /** As {@link #fromJson(JsonObject, String)} for JSON that stands in no file. */
  public static ModelConfig fromJson(JsonObject json) {
    return fromJson(json, "the configuration");
  }

  /**
   * Reads a configuration.
   *
   * @param origin file name for messages
   * @throws CheckpointException if the architecture is unknown, a key is missing or makes no sense,
   *     or an option that changes the results is not implemented
   */
  public static ModelConfig fromJson(JsonObject json, String origin) {
    return ModelConfigReader.read(json, origin);
  }

  /** The JSON it was read from, with these values; readable for transformers 4 and 5. */
  public JsonObject toJson() {
    JsonObject json = source.deepCopy();
    JsonArray architectures = new JsonArray();
    architectures.add(architecture);
    json.add("architectures", architectures);
    json.addProperty("model_type", modelType);
    json.addProperty("vocab_size", vocabSize);
    json.addProperty("hidden_size", hiddenSize);
    json.addProperty("intermediate_size", intermediateSize);
    json.addProperty("num_hidden_layers", numHiddenLayers);
    json.addProperty("num_attention_heads", numAttentionHeads);
    json.addProperty("num_key_value_heads", numKeyValueHeads);
    json.addProperty("head_dim", headDim);
    json.addProperty("rms_norm_eps", rmsNormEps);
    json.addProperty("max_position_embeddings", maxPositionEmbeddings);
    json.addProperty("tie_word_embeddings", tieWordEmbeddings);
    json.addProperty("attention_bias", attentionBias);
    json.addProperty("mlp_bias", mlpBias);
    json.addProperty("hidden_act", hiddenAct);
    json.add("bos_token_id", number(bosTokenId));
    json.add("eos_token_id", numbers(eosTokenIds));
    json.add("pad_token_id", number(padTokenId));
    rope.writeTo(json);
    return json;
  }

  /** {@link #toJson()}, saying that the weights beside it are stored as {@code stored}. */
  public JsonObject toJson(DType stored) {
    String name =
        switch (stored) {
          case F32 -> "float32";
          case F16 -> "float16";
          case BF16 -> "bfloat16";
          default -> throw new IllegalArgumentException("transformers has no dtype for " + stored);
        };
    JsonObject json = toJson();
    json.addProperty(json.has("dtype") ? "dtype" : "torch_dtype", name);
    return json;
  }

  public ModelConfig withVocabSize(int size) {
    return new ModelConfig(
        architecture,
        modelType,
        size,
        hiddenSize,
        intermediateSize,
        numHiddenLayers,
        numAttentionHeads,
        numKeyValueHeads,
        headDim,
        rmsNormEps,
        rope,
        maxPositionEmbeddings,
        tieWordEmbeddings,
        attentionBias,
        mlpBias,
        hiddenAct,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        source);
  }

  /**
   * @param id the id that fills batches, or null for none
   */
  public ModelConfig withPadTokenId(Integer id) {
    return new ModelConfig(
        architecture,
        modelType,
        vocabSize,
        hiddenSize,
        intermediateSize,
        numHiddenLayers,
        numAttentionHeads,
        numKeyValueHeads,
        headDim,
        rmsNormEps,
        rope,
        maxPositionEmbeddings,
        tieWordEmbeddings,
        attentionBias,
        mlpBias,
        hiddenAct,
        bosTokenId,
        eosTokenIds,
        id,
        source);
  }

  /**
   * Every tensor of the model by its Hugging Face name, with its shape, from the embedding to the
   * head.
   */
  public Map<String, List<Long>> tensorShapes() {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", List.of((long) vocabSize, (long) hiddenSize));
    for (int layer = 0; layer < numHiddenLayers; layer++) {
      addLayer(shapes, "model.layers." + layer + ".");
    }
    shapes.put("model.norm.weight", List.of((long) hiddenSize));
    if (!tieWordEmbeddings) {
      shapes.put("lm_head.weight", List.of((long) vocabSize, (long) hiddenSize));
    }
    return shapes;
  }

  private void addLayer(Map<String, List<Long>> shapes, String layer) {
    long queries = (long) numAttentionHeads * headDim;
    long keys = (long) numKeyValueHeads * headDim;
    shapes.put(layer + "input_layernorm.weight", List.of((long) hiddenSize));
    addLinear(shapes, layer + "self_attn.q_proj", queries, hiddenSize, attentionBias);
    addLinear(shapes, layer + "self_attn.k_proj", keys, hiddenSize, attentionBias);
    addLinear(shapes, layer + "self_attn.v_proj", keys, hiddenSize, attentionBias);
    addLinear(shapes, layer + "self_attn.o_proj", hiddenSize, queries, attentionBias);
    shapes.put(layer + "post_attention_layernorm.weight", List.of((long) hiddenSize));
    addLinear(shapes, layer + "mlp.gate_proj", intermediateSize, hiddenSize, mlpBias);
    addLinear(shapes, layer + "mlp.up_proj", intermediateSize, hiddenSize, mlpBias);
    addLinear(shapes, layer + "mlp.down_proj", hiddenSize, intermediateSize, mlpBias);
  }

  private static void addLinear(
      Map<String, List<Long>> shapes, String name, long out, long in, boolean bias) {
    shapes.put(name + ".weight", List.of(out, in));
    if (bias) {
      shapes.put(name + ".bias", List.of(out));
    }
  }

  static JsonElement number(Integer value) {
    return value == null ? JsonNull.INSTANCE : new JsonPrimitive(value);
  }

  /** transformers writes one id as a number and several as a list. */
  static JsonElement numbers(List<Integer> values) {
    if (values.size() <= 1) {
      return number(values.isEmpty() ? null : values.get(0));
    }
    JsonArray list = new JsonArray();
    values.forEach(list::add);
    return list;
  }
}
