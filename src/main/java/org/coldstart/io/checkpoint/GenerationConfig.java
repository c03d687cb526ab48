package org.coldstart.io.checkpoint;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.io.files.CheckpointException;

/**
 * What {@code generation_config.json} says about how a model likes its text to be sampled. Absent
 * keys have the defaults of transformers' {@code GenerationConfig}.
 *
 * @param doSample draw at random instead of taking the likeliest token
 * @param temperature logits are divided by it
 * @param topK only the k likeliest tokens can be drawn; 0 for all
 * @param topP only the likeliest tokens that together reach this probability can be drawn; 1 for
 *     all
 * @param repetitionPenalty tokens already there get less likely above 1
 * @param eosTokenIds ids that end the reply, may be empty
 * @param padTokenId or null
 * @param bosTokenId or null
 * @param maxNewTokens or null
 * @param source the JSON it was read from
 */
public record GenerationConfig(
    boolean doSample,
    double temperature,
    int topK,
    double topP,
    double repetitionPenalty,
    List<Integer> eosTokenIds,
    Integer padTokenId,
    Integer bosTokenId,
    Integer maxNewTokens,
    JsonObject source) {

  /** Options that change what is generated, with the values that leave it alone. */
  private static final String[][] OTHER_OPTIONS = {
    {"num_beams", "1"},
    {"num_beam_groups", "1"},
    {"min_p", "0"},
    {"typical_p", "1"},
    {"epsilon_cutoff", "0"},
    {"eta_cutoff", "0"},
    {"diversity_penalty", "0"},
    {"no_repeat_ngram_size", "0"},
    {"encoder_repetition_penalty", "1"},
    {"encoder_no_repeat_ngram_size", "0"},
    {"min_new_tokens", "0"},
    {"min_length", "0"},
    {"penalty_alpha", "0"},
    {"guidance_scale", "1"}
  };

  private static final String[] OTHER_LISTS = {
    "suppress_tokens",
    "begin_suppress_tokens",
    "bad_words_ids",
    "force_words_ids",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "sequence_bias",
    "stop_strings",
    "exponential_decay_length_penalty",
    "watermarking_config"
  };

  public GenerationConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
    source = source.deepCopy();
  }

  /** As {@link #fromJson(JsonObject, String)} for JSON that stands in no file. */
  public static GenerationConfig fromJson(JsonObject json) {
    return fromJson(json, "the generation configuration");
  }

  /** What a model without a generation_config.json goes by: its own end and padding ids. */
  public static GenerationConfig of(SpecialIds ids) {
    JsonObject json = new JsonObject();
    json.add("bos_token_id", ModelConfig.number(ids.bos()));
    json.add("eos_token_id", ModelConfig.numbers(ids.eos()));
    json.add("pad_token_id", ModelConfig.number(ids.pad()));
    return fromJson(json);
  }

  /**
   * @param origin file name for messages
   * @throws CheckpointException if a value makes no sense
   */
  public static GenerationConfig fromJson(JsonObject json, String origin) {
    JsonFields config = new JsonFields(json, origin);
    double temperature = config.number("temperature").orElse(1.0);
    if (temperature < 0) {
      throw new CheckpointException(
          "Key \"temperature\" in "
              + origin
              + " is "
              + temperature
              + "; it should not be negative.");
    }
    double topP = config.number("top_p").orElse(1.0);
    if (topP < 0 || topP > 1) {
      throw new CheckpointException(
          "Key \"top_p\" in " + origin + " is " + topP + "; it should be from 0 to 1.");
    }
    return new GenerationConfig(
        config.bool("do_sample").orElse(false),
        temperature,
        config.integer("top_k", 50, 0, Integer.MAX_VALUE),
        topP,
        config.positive("repetition_penalty", 1.0),
        config.integers("eos_token_id").orElse(List.of()),
        config.integer("pad_token_id").orElse(null),
        config.integer("bos_token_id").orElse(null),
        config.integer("max_new_tokens").orElse(null),
        json);
  }

  /** This with one more token that ends a reply, or this itself if that token does so already. */
  public GenerationConfig withEosToken(int id) {
    if (eosTokenIds.contains(id)) {
      return this;
    }
    List<Integer> ids = new ArrayList<>(eosTokenIds);
    ids.add(id);
    return new GenerationConfig(
        doSample,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        ids,
        padTokenId,
        bosTokenId,
        maxNewTokens,
        source);
  }

  /** The JSON it was read from, with these values. */
  public JsonObject toJson() {
    JsonObject json = source.deepCopy();
    json.addProperty("do_sample", doSample);
    json.addProperty("temperature", temperature);
    json.addProperty("top_k", topK);
    json.addProperty("top_p", topP);
    json.addProperty("repetition_penalty", repetitionPenalty);
    json.add("eos_token_id", ModelConfig.numbers(eosTokenIds));
    json.add("pad_token_id", ModelConfig.number(padTokenId));
    json.add("bos_token_id", ModelConfig.number(bosTokenId));
    if (maxNewTokens != null) {
      json.addProperty("max_new_tokens", maxNewTokens);
    }
    return json;
  }

  /**
   * Names of options in the source that change what is generated and have no field here; best
   * empty.
   */
  public List<String> otherOptions() {
    JsonFields config = new JsonFields(source, "the generation configuration");
    List<String> names = new ArrayList<>();
    for (String[] option : OTHER_OPTIONS) {
      double neutral = Double.parseDouble(option[1]);
      config
          .number(option[0])
          .filter(value -> value != neutral)
          .ifPresent(value -> names.add(option[0]));
    }
    for (String option : OTHER_LISTS) {
      config.element(option).ifPresent(value -> names.add(option));
    }
    return names;
  }
}
