package org.coldstart.model;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;

/**
 * Describes a Llama that does not exist yet, by the names of transformers' {@code LlamaConfig}.
 *
 * <pre>{@code
 * ModelConfig config = new LlamaConfig().vocabSize(tokenizer.size())
 *     .hiddenSize(128).numHiddenLayers(4).numAttentionHeads(4).build();
 * CausalLm model = CausalLm.fromConfig(config, 42);
 * }</pre>
 *
 * <p>
 * Where the defaults of transformers describe Llama 2 with 7 billion parameters, these describe a model that a laptop
 * trains in minutes: some 2 million parameters for a vocabulary of 1000.
 */
public final class LlamaConfig {

  private final JsonObject json = new JsonObject();

  /** A tiny Llama: width 192, 4 layers of 4 heads, texts of up to 256 tokens, a tied head. */
  public LlamaConfig() {
    json.addProperty("model_type", "llama");
    json.addProperty("hidden_act", "silu");
    json.addProperty("attention_bias", false);
    json.addProperty("mlp_bias", false);
    List.of("bos_token_id", "eos_token_id", "pad_token_id").forEach(key -> json.add(key, JsonNull.INSTANCE));
    vocabSize(1000).hiddenSize(192).intermediateSize(512).numHiddenLayers(4).numAttentionHeads(4);
    maxPositionEmbeddings(256).initializerRange(0.02).tieWordEmbeddings(true);
    with("rope_theta", 10_000).with("rms_norm_eps", 1e-5);
  }

  /** Rows of the embedding, usually {@code tokenizer.size()}. */
  public LlamaConfig vocabSize(int value) {
    return with("vocab_size", value);
  }

  /** Width of the residual stream. */
  public LlamaConfig hiddenSize(int value) {
    return with("hidden_size", value);
  }

  /** Width inside the feed-forward part. */
  public LlamaConfig intermediateSize(int value) {
    return with("intermediate_size", value);
  }

  /** Decoder layers. */
  public LlamaConfig numHiddenLayers(int value) {
    return with("num_hidden_layers", value);
  }

  /** Query heads; as many key and value heads unless {@link #numKeyValueHeads} says otherwise. */
  public LlamaConfig numAttentionHeads(int value) {
    return with("num_attention_heads", value);
  }

  /** Key and value heads, a divisor of the query heads. */
  public LlamaConfig numKeyValueHeads(int value) {
    return with("num_key_value_heads", value);
  }

  /** Longest text, in tokens. */
  public LlamaConfig maxPositionEmbeddings(int value) {
    return with("max_position_embeddings", value);
  }

  /** Standard deviation of the untrained matrices. */
  public LlamaConfig initializerRange(double value) {
    return with("initializer_range", value);
  }

  /** Whether the head is the embedding matrix. */
  public LlamaConfig tieWordEmbeddings(boolean value) {
    json.addProperty("tie_word_embeddings", value);
    return this;
  }

  /** The token that begins a text; none unless set. */
  public LlamaConfig bosTokenId(int id) {
    return with("bos_token_id", id);
  }

  /** The token that ends a text; none unless set. */
  public LlamaConfig eosTokenId(int id) {
    return with("eos_token_id", id);
  }

  /**
   * The configuration; a {@link CheckpointException} names a value that is out of range or does not go with another.
   */
  public ModelConfig build() {
    return ModelConfig.fromJson(json.deepCopy());
  }

  private LlamaConfig with(String key, Number value) {
    json.addProperty(key, value);
    return this;
  }
}
