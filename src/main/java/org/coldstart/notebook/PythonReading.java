package org.coldstart.notebook;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Python's transformers made of a saved model; see {@link PythonReader}.
 *
 * @param versions of {@code python}, {@code torch} and {@code transformers}
 * @param loadingWarnings what was said while loading: weights missing (and so newly initialised),
 *     unexpected or of another shape, and any warning; empty if the folder is as it should be
 * @param ids of each text, as {@code tokenizer(text)} gives them
 * @param decoded the texts of these ids, special tokens included
 * @param decodedWithoutSpecial the same without special tokens
 * @param logits the scores at the prompt's last position, one for each token of the vocabulary
 * @param greedyIds the likeliest continuation, the end token included if one came
 * @param greedyText the same as text, special tokens left out
 */
public record PythonReading(
    Map<String, String> versions,
    List<String> loadingWarnings,
    List<int[]> ids,
    List<String> decoded,
    List<String> decodedWithoutSpecial,
    float[] logits,
    int[] greedyIds,
    String greedyText) {

  private static final Gson GSON = new Gson();

  /** Reads the script's answer field by field: IJava's old Gson cannot fill a record by itself. */
  static PythonReading of(JsonObject answer) {
    Map<String, String> versions = new LinkedHashMap<>();
    answer
        .getAsJsonObject("versions")
        .entrySet()
        .forEach(entry -> versions.put(entry.getKey(), entry.getValue().getAsString()));
    return new PythonReading(
        versions,
        List.of(GSON.fromJson(answer.get("loading_warnings"), String[].class)),
        List.of(GSON.fromJson(answer.get("ids"), int[][].class)),
        List.of(GSON.fromJson(answer.get("decoded"), String[].class)),
        List.of(GSON.fromJson(answer.get("decoded_without_special"), String[].class)),
        GSON.fromJson(answer.get("logits"), float[].class),
        GSON.fromJson(answer.get("greedy_ids"), int[].class),
        answer.get("greedy_text").getAsString());
  }

  /**
   * How far Python's logits lie from others, at the token where they differ most; infinite if one
   * is not a number.
   *
   * @throws IllegalArgumentException if there are not as many
   */
  public double logitDistance(float[] others) {
    if (others.length != logits.length) {
      throw new IllegalArgumentException(
          "Python gives " + logits.length + " logits, not " + others.length + ".");
    }
    double largest = 0;
    for (int i = 0; i < others.length; i++) {
      double difference = Math.abs((double) logits[i] - others[i]);
      largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
    }
    return largest;
  }

  /** The versions in a line: {@code python 3.11.2, torch 2.15.0, transformers 5.23.0}. */
  public String versionLine() {
    return String.join(
        ", ", versions.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList());
  }
}
