package org.coldstart.io.config;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;

/**
 * What {@code config.json} says about a decoder, as written by transformers 4 or 5.
 *
 * @param architecture class name in transformers, such as {@code LlamaForCausalLM}
 * @param modelType {@code model_type}, such as {@code llama}
 * @param vocabSize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param numHiddenLayers decoder layers
 * @param maxPositionEmbeddings longest text the model was made for, in tokens
 * @param tieWordEmbeddings whether the output projection is the embedding matrix
 * @param embeddingScale what a token's embedding is multiplied by, 1 for most
 * @param logitSoftcap c of {@code c · tanh(logit / c)}, or null for logits as they are
 * @param attention how its layers attend
 * @param feedForward the other half of each layer
 * @param norm what stands before and between them
 * @param ids the ids that begin, end and pad texts
 * @param source the JSON it was read from, kept so that saving loses no key
 */
public record ModelConfig(String architecture, String modelType, int vocabSize, int hiddenSize, int numHiddenLayers,
    int maxPositionEmbeddings, boolean tieWordEmbeddings, double embeddingScale, Double logitSoftcap,
    AttentionConfig attention, FeedForwardConfig feedForward, NormConfig norm, SpecialIds ids, JsonObject source) {

  /**
   * The gated feed-forward part of every layer.
   *
   * @param intermediateSize its inner width
   * @param activation of the gate
   * @param bias whether gate, up and down projections have biases
   */
  public record FeedForwardConfig(int intermediateSize, Activation activation, boolean bias) {}

  /** The activation function of the gate. */
  public enum Activation {
    /** {@code x · sigmoid(x)}. */
    SILU,
    /** GELU in its tanh form, {@code gelu_pytorch_tanh}. */
    GELU_TANH
  }

  /**
   * The RMS norms of a decoder.
   *
   * @param eps added to the mean square
   * @param onePlusWeight whether vectors are scaled by 1 + weight instead of by the weight
   * @param sandwiched whether attention and feed-forward part are normed after as well as before
   */
  public record NormConfig(double eps, boolean onePlusWeight, boolean sandwiched) {}

  /**
   * The ids that {@code config.json} gives a meaning.
   *
   * @param bos begins a text, or null
   * @param eos end a text, may be empty
   * @param pad fills batches, or null
   */
  public record SpecialIds(Integer bos, List<Integer> eos, Integer pad) {
    public SpecialIds {
      eos = List.copyOf(eos);
    }
  }

  /** The token embedding's name. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** The name of the matrix that makes logits, where it is not the embedding. */
  public static final String HEAD = "lm_head.weight";

  public ModelConfig {
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
   * @throws CheckpointException if the architecture is unknown, a key is missing or makes no sense, or an option that
   * changes the results is not implemented
   */
  public static ModelConfig fromJson(JsonObject json, String origin) {
    return new ModelConfigReader(json, origin).read();
  }

  /**
   * The JSON it was read from, with rotary parameters in the form of transformers 4, which 5 reads as well, beside
   * those of 5 where the source had them so.
   */
  public JsonObject toJson() {
    JsonObject json = source.deepCopy();
    JsonArray architectures = new JsonArray();
    architectures.add(architecture);
    json.add("architectures", architectures);
    json.addProperty("model_type", modelType);
    RopeParameters.write(attention, Architecture.of(new JsonFields(json, "the configuration")), json);
    return json;
  }

  /** {@link #toJson()}, saying that the weights beside it are stored as {@code stored}. */
  public JsonObject toJson(StoredType stored) {
    String name = switch (stored) {
    case F32 -> "float32";
    case F16 -> "float16";
    case BF16 -> "bfloat16";
    default -> throw new IllegalArgumentException("transformers has no dtype for " + stored);
    };
    JsonObject json = toJson();
    json.addProperty("torch_dtype", name);
    if (json.has("dtype")) {
      json.addProperty("dtype", name);
    }
    return json;
  }

  /** The same with an embedding of so many rows. */
  public ModelConfig withVocabSize(int size) {
    JsonObject json = toJson();
    json.addProperty("vocab_size", size);
    return fromJson(json);
  }

  /**
   * Every tensor of the model by its Hugging Face name, with its shape, from the embedding to the head.
   */
  public Map<String, List<Long>> tensorShapes() {
    return new TensorShapes(this).all();
  }

  /**
   * Holds the tensors of a checkpoint against this: all there and of the right shape. Others are named in a warning and
   * left out, as transformers does.
   *
   * @param origin file name for messages
   * @throws CheckpointException naming the tensor that is missing or has another shape
   */
  public void checkTensors(Map<String, TensorInfo> tensors, String origin) {
    new TensorShapes(this).check(tensors, origin);
  }

  /** transformers writes one id as a number and several as a list. */
  static JsonElement numbers(List<Integer> values) {
    JsonArray list = new JsonArray();
    values.forEach(list::add);
    return values.isEmpty() ? JsonNull.INSTANCE : values.size() == 1 ? list.get(0) : list;
  }
}
