package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

/**
 * The blank that some tokenizers put in front of every text, so that its first word is spelled as
 * it is elsewhere: {@code Prepend} in Llama 2, {@code Metaspace}, or {@code ByteLevel} with {@code
 * add_prefix_space}.
 */
final class TextPrefix {

  private TextPrefix() {}

  /** A copy of a normalizer or pre-tokenizer that puts nothing in front of a text. */
  static JsonObject without(JsonObject step) {
    JsonObject copy = step.deepCopy();
    switch (step.get("type").getAsString()) {
      case "Sequence" -> {
        String children = step.has("normalizers") ? "normalizers" : "pretokenizers";
        JsonArray kept = new JsonArray();
        step.getAsJsonArray(children).forEach(child -> kept.add(without(child.getAsJsonObject())));
        copy.add(children, kept);
      }
      case "Prepend" -> {
        JsonObject nothing = new JsonObject();
        nothing.addProperty("type", "Sequence");
        nothing.add("normalizers", new JsonArray());
        return nothing;
      }
      case "Metaspace" -> {
        copy.remove("add_prefix_space"); // an older name of the same
        copy.addProperty("prepend_scheme", "never");
      }
      default -> {
        if (step.has("add_prefix_space")) {
          copy.addProperty("add_prefix_space", false);
        }
      }
    }
    return copy;
  }
}
