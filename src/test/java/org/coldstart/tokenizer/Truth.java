package org.coldstart.tokenizer;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Span;
import org.coldstart.io.json.Json;

/** What Python says, as environment/fixtures/make_tokenizers.py writes it. */
record Truth(Variant plain, Variant added, Variant special, List<String> tokens) {

  static final Path RESOURCES = Path.of("src/test/resources/tokenizer");
  static final Path TINY = RESOURCES.resolve("tiny");

  /** The tokens that the script adds. */
  static final String[] NEW = {"<think>", "</think>", "<answer>", "</answer>", "<思考>", "🧠💡"};

  record Variant(int size, int[] newIds, List<Case> texts) {
    private static Variant of(JsonElement json) {
      List<Case> texts = new ArrayList<>();
      json.getAsJsonObject().getAsJsonArray("texts").forEach(text -> texts.add(Case.of(text.getAsJsonObject())));
      return new Variant(json.getAsJsonObject().get("size").getAsInt(),
          as(int[].class, json.getAsJsonObject().get("newIds")), texts);
    }
  }

  record Case(String text, int[] ids, int[][] offsets, int[] bare, String decoded, String decodedWithoutSpecial) {
    List<Span> spans() {
      return Arrays.stream(offsets).map(o -> new Span(o[0], o[1])).toList();
    }

    private static Case of(JsonObject json) {
      return new Case(json.get("text").getAsString(), as(int[].class, json.get("ids")),
          as(int[][].class, json.get("offsets")), as(int[].class, json.get("bare")), json.get("decoded").getAsString(),
          json.get("skipped").getAsString());
    }
  }

  static Truth read(String name) {
    try {
      JsonObject json = Json.parse(Files.readString(RESOURCES.resolve(name))).getAsJsonObject();
      return new Truth(Variant.of(json.get("plain")), Variant.of(json.get("added")), Variant.of(json.get("special")),
          List.of(as(String[].class, json.get("tokens"))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gson before 2.10 has no asMap. */
  static Map<String, Object> map(JsonObject json) {
    Map<String, Object> map = new LinkedHashMap<>();
    json.entrySet().forEach(entry -> map.put(entry.getKey(), entry.getValue()));
    return map;
  }

  static Tokenizer tiny() {
    return Tokenizer.fromPretrained(TINY);
  }

  private static <T> T as(Class<T> type, JsonElement json) {
    return new Gson().fromJson(json, type);
  }
}
