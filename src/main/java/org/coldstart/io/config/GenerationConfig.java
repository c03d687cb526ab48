package org.coldstart.io.config;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.coldstart.io.config.ModelConfig.SpecialIds;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;

/**
 * What {@code generation_config.json} says about how a model likes its text to be sampled. Absent keys have the
 * defaults of transformers' {@code GenerationConfig}.
 *
 * @param doSample draw at random instead of taking the likeliest token
 * @param temperature logits are divided by it
 * @param topK only the k likeliest tokens can be drawn; 0 for all
 * @param topP only the likeliest tokens that together reach this probability can be drawn; 1 for all
 * @param repetitionPenalty tokens already there get less likely above 1
 * @param eosTokenIds ids that end the reply, may be empty
 * @param padTokenId or null
 * @param bosTokenId or null
 * @param maxNewTokens or null
 * @param source the JSON it was read from
 */
public record GenerationConfig(boolean doSample, double temperature, int topK, double topP, double repetitionPenalty,
    List<Integer> eosTokenIds, Integer padTokenId, Integer bosTokenId, Integer maxNewTokens, JsonObject source) {

  private static final JsonObject DEFAULTS = Json.parse("""
      {"do_sample": false, "temperature": 1, "top_k": 50, "top_p": 1, "repetition_penalty": 1,
       "eos_token_id": null, "pad_token_id": null, "bos_token_id": null}""").getAsJsonObject();

  /** Options without a field here that change what is generated, with the values that leave them off. */
  private static final JsonObject OFF = Json.parse("""
      {"min_p": 0, "epsilon_cutoff": 0, "eta_cutoff": 0, "diversity_penalty": 0, "no_repeat_ngram_size": 0,
       "encoder_no_repeat_ngram_size": 0, "min_new_tokens": 0, "min_length": 0, "penalty_alpha": 0,
       "num_beams": 1, "num_beam_groups": 1, "typical_p": 1, "encoder_repetition_penalty": 1, "guidance_scale": 1,
       "suppress_tokens": null, "begin_suppress_tokens": null, "bad_words_ids": null, "force_words_ids": null,
       "forced_bos_token_id": null, "forced_eos_token_id": null, "sequence_bias": null, "stop_strings": null,
       "exponential_decay_length_penalty": null, "watermarking_config": null}""").getAsJsonObject();

  /** Those that cut the distribution, of which greedy decoding takes the likeliest token anyway. */
  private static final Set<String> OF_SAMPLING = Set.of("min_p", "typical_p", "epsilon_cutoff", "eta_cutoff");

  public GenerationConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
    source = source.deepCopy();
  }

  /** As {@link #fromJson(JsonObject, String)} for JSON that stands in no file. */
  public static GenerationConfig fromJson(JsonObject json) {
    return fromJson(json, "the generation configuration");
  }

  /** That of a model without a generation_config.json: its own end and padding ids. */
  public static GenerationConfig of(SpecialIds ids) {
    JsonObject json = new JsonObject();
    json.addProperty("bos_token_id", ids.bos());
    json.add("eos_token_id", ModelConfig.numbers(ids.eos()));
    json.addProperty("pad_token_id", ids.pad());
    return fromJson(json);
  }

  /**
   * @param origin file name for messages
   * @throws CheckpointException if a value makes no sense
   */
  public static GenerationConfig fromJson(JsonObject json, String origin) {
    JsonFields config = new JsonFields(json, DEFAULTS, origin);
    return new GenerationConfig(config.bool("do_sample"), config.number("temperature", 0, Double.MAX_VALUE),
        config.integer("top_k", 0, Integer.MAX_VALUE), config.number("top_p", 0, 1),
        config.positive("repetition_penalty"), config.integers("eos_token_id"),
        config.integer("pad_token_id").orElse(null), config.integer("bos_token_id").orElse(null),
        config.integer("max_new_tokens").orElse(null), json);
  }

  /** This with one more token that ends a reply, or this itself if that token does so already. */
  public GenerationConfig withEosToken(int id) {
    if (eosTokenIds.contains(id)) {
      return this;
    }
    List<Integer> ids = new ArrayList<>(eosTokenIds);
    ids.add(id);
    JsonObject json = toJson();
    json.add("eos_token_id", ModelConfig.numbers(ids));
    return fromJson(json);
  }

  /** The JSON it was read from, and the defaults of keys that are absent there. */
  public JsonObject toJson() {
    JsonObject json = DEFAULTS.deepCopy();
    source.asMap().forEach(json::add);
    return json;
  }

  /** Names of options in the source that change what is generated and have no field here; best empty. */
  public List<String> otherOptions() {
    return new JsonFields(source, "the generation configuration").otherThan(OFF)
      .stream()
      .filter(option -> doSample || !OF_SAMPLING.contains(option))
      .toList();
  }
}
