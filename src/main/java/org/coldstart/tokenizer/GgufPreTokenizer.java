package org.coldstart.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How the models known here split a text into words, by the name in a GGUF's {@code
 * tokenizer.ggml.pre}. GGUF holds only the name; the patterns are those of each model's own
 * tokenizer.json.
 */
enum GgufPreTokenizer {
  GPT2("gpt-2", null, false, false),
  SMOLLM("smollm", null, false, false),
  LLAMA3("llama-bpe", "\\p{N}{1,3}", true, true),
  QWEN2("qwen2", "\\p{N}", false, false);

  /** Contractions, words, numbers (put in for %s), punctuation, line ends, blanks. */
  private static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private final String ggufName;
  private final String numbers;

  /** A word that is a token as it stands is not put together from merges. */
  final boolean ignoreMerges;

  /** Whether a BOS is put in front where the file does not say. */
  final boolean addsBos;

  GgufPreTokenizer(String ggufName, String numbers, boolean ignoreMerges, boolean addsBos) {
    this.ggufName = ggufName;
    this.numbers = numbers;
    this.ignoreMerges = ignoreMerges;
    this.addsBos = addsBos;
  }

  static GgufPreTokenizer named(String name, String origin) {
    for (GgufPreTokenizer known : values()) {
      if (known.ggufName.equals(name)) {
        return known;
      }
    }
    String names =
        Arrays.stream(values()).map(known -> known.ggufName).collect(Collectors.joining(", "));
    throw new TokenizerException(
        origin
            + ": tokenizer.ggml.pre is \""
            + name
            + "\"; known are "
            + names
            + ". Load the model from a folder with tokenizer.json instead.");
  }

  JsonElement normalizer() {
    return this == QWEN2 ? GgufPipeline.typed("NFC") : JsonNull.INSTANCE;
  }

  JsonObject preTokenizer() {
    return switch (this) {
      case GPT2 -> GgufPipeline.byteLevel(true);
      case SMOLLM -> GgufPipeline.sequence("pretokenizers", digits(), GgufPipeline.byteLevel(true));
      case LLAMA3, QWEN2 ->
          GgufPipeline.sequence("pretokenizers", split(), GgufPipeline.byteLevel(false));
    };
  }

  private static JsonObject digits() {
    JsonObject json = GgufPipeline.typed("Digits");
    json.addProperty("individual_digits", true);
    return json;
  }

  private JsonObject split() {
    JsonObject pattern = new JsonObject();
    pattern.addProperty("Regex", SPLIT.formatted(numbers));
    JsonObject json = GgufPipeline.typed("Split");
    json.add("pattern", pattern);
    json.addProperty("behavior", "Isolated");
    json.addProperty("invert", false);
    return json;
  }
}
