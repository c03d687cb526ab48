package org.coldstart.io.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.coldstart.io.files.CheckpointException;

/**
 * Typed look-ups in a JSON object. JSON's null counts as absent; a value of another type names its
 * key and file.
 */
final class JsonFields {
  private final JsonObject json;
  private final String origin;

  JsonFields(JsonObject json, String origin) {
    this.json = json;
    this.origin = origin;
  }

  String origin() {
    return origin;
  }

  /** Whether the key stands there at all, be it with null. */
  boolean mentions(String key) {
    return json.has(key);
  }

  boolean isEmpty() {
    return json.size() == 0;
  }

  Optional<JsonElement> element(String key) {
    return Optional.ofNullable(json.get(key)).filter(element -> !element.isJsonNull());
  }

  Optional<JsonFields> object(String key) {
    return element(key)
        .map(
            element -> {
              if (!element.isJsonObject()) {
                throw wrong(key, "an object", element);
              }
              return new JsonFields(element.getAsJsonObject(), origin);
            });
  }

  Optional<String> string(String key) {
    return primitive(key, "a string")
        .map(
            value -> {
              if (!value.isString()) {
                throw wrong(key, "a string", value);
              }
              return value.getAsString();
            });
  }

  Optional<Boolean> bool(String key) {
    return primitive(key, "true or false")
        .map(
            value -> {
              if (!value.isBoolean()) {
                throw wrong(key, "true or false", value);
              }
              return value.getAsBoolean();
            });
  }

  Optional<Integer> integer(String key) {
    return primitive(key, "a whole number").map(value -> integer(key, value));
  }

  Optional<Double> number(String key) {
    return primitive(key, "a number")
        .map(
            value -> {
              if (!value.isNumber() || !Double.isFinite(value.getAsDouble())) {
                throw wrong(key, "a finite number", value);
              }
              return value.getAsDouble();
            });
  }

  /** One whole number or a list of them. */
  Optional<List<Integer>> integers(String key) {
    return element(key)
        .map(
            element -> {
              List<Integer> numbers = new ArrayList<>();
              for (JsonElement each :
                  element.isJsonArray() ? element.getAsJsonArray() : listOf(element)) {
                numbers.add(integer(key, each));
              }
              return List.copyOf(numbers);
            });
  }

  /** A whole number from {@code least} to {@code most}. */
  int integer(String key, Integer fallback, int least, int most) {
    int value =
        integer(key)
            .or(() -> Optional.ofNullable(fallback))
            .orElseThrow(
                () -> new CheckpointException("Key \"" + key + "\" is missing in " + origin + "."));
    if (value < least || value > most) {
      throw new CheckpointException(
          "Key \""
              + key
              + "\" in "
              + origin
              + " is "
              + value
              + "; it should be from "
              + least
              + " to "
              + most
              + ".");
    }
    return value;
  }

  /** A number above zero. */
  double positive(String key, Double fallback) {
    double value =
        number(key)
            .or(() -> Optional.ofNullable(fallback))
            .orElseThrow(
                () -> new CheckpointException("Key \"" + key + "\" is missing in " + origin + "."));
    if (!(value > 0)) {
      throw new CheckpointException(
          "Key \"" + key + "\" in " + origin + " is " + value + "; it should be above 0.");
    }
    return value;
  }

  /** A number above zero; null where the key stands with null, the fallback where it is absent. */
  Double positiveOrNull(String key, Double fallback) {
    Double usual = mentions(key) ? null : fallback;
    return element(key).isEmpty() ? usual : Double.valueOf(positive(key, null));
  }

  private static JsonArray listOf(JsonElement element) {
    JsonArray list = new JsonArray();
    list.add(element);
    return list;
  }

  private int integer(String key, JsonElement value) {
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw wrong(key, "a whole number", value);
    }
    double number = value.getAsDouble();
    if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
      throw wrong(key, "a whole number below 2^31", value);
    }
    return (int) number;
  }

  private Optional<JsonPrimitive> primitive(String key, String expected) {
    return element(key)
        .map(
            element -> {
              if (!element.isJsonPrimitive()) {
                throw wrong(key, expected, element);
              }
              return element.getAsJsonPrimitive();
            });
  }

  private CheckpointException wrong(String key, String expected, JsonElement found) {
    String text = found.toString();
    return new CheckpointException(
        "Key \""
            + key
            + "\" in "
            + origin
            + " should be "
            + expected
            + ", but is "
            + (text.length() > 80 ? text.substring(0, 80) + "…" : text)
            + ".");
  }
}
