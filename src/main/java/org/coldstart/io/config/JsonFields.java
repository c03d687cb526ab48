package org.coldstart.io.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.coldstart.io.files.CheckpointException;

/**
 * Typed look-ups in a JSON object, of absent keys in defaults. A value of another type is an error that names its key
 * and file.
 *
 * @param origin file name for messages
 */
record JsonFields(JsonObject json, JsonObject defaults, String origin) {

  JsonFields(JsonObject json, String origin) {
    this(json, new JsonObject(), origin);
  }

  /** The same where one more key has a default. */
  JsonFields or(String key, Number value) {
    JsonObject more = defaults.deepCopy();
    more.addProperty(key, value);
    return new JsonFields(json, more, origin);
  }

  /** Empty for JSON's null, and for an absent key without a default. */
  Optional<JsonElement> element(String key) {
    return Optional.ofNullable(json.has(key) ? json.get(key) : defaults.get(key))
      .filter(element -> !element.isJsonNull());
  }

  Optional<JsonFields> object(String key) {
    return value(key, JsonElement::isJsonObject, "an object", found -> new JsonFields(found.getAsJsonObject(), origin));
  }

  Optional<String> string(String key) {
    return value(key, is(JsonPrimitive::isString), "a string", JsonElement::getAsString);
  }

  /** False for null, and for an absent key without a default. */
  boolean bool(String key) {
    return value(key, is(JsonPrimitive::isBoolean), "true or false", JsonElement::getAsBoolean).orElse(false);
  }

  Optional<Double> number(String key) {
    return value(key, is(value -> value.isNumber() && Double.isFinite(value.getAsDouble())), "a finite number",
        JsonElement::getAsDouble);
  }

  Optional<Integer> integer(String key) {
    return value(key, JsonFields::isInteger, "a whole number below 2^31", JsonFields::toInteger);
  }

  /** One whole number or a list of them; null and an absent key are none. */
  List<Integer> integers(String key) {
    return value(key, value -> elements(value).allMatch(JsonFields::isInteger),
        "a whole number below 2^31 or a list of them", value -> elements(value).map(JsonFields::toInteger).toList())
      .orElse(List.of());
  }

  /** A whole number from {@code least} to {@code most}; null counts as absent. */
  int integer(String key, int least, int most) {
    integer(key);
    return (int) number(key, least, most);
  }

  /** A number from {@code least} to {@code most}; null counts as absent. */
  double number(String key, Number least, Number most) {
    double value = required(key);
    require(value >= least.doubleValue() && value <= most.doubleValue(), key, "from " + least + " to " + most);
    return value;
  }

  /** A number above zero; null counts as absent. */
  double positive(String key) {
    double value = required(key);
    require(value > 0, key, "above 0");
    return value;
  }

  private double required(String key) {
    JsonFields fields = element(key).isPresent() ? this : new JsonFields(defaults, origin);
    return fields.number(key).orElseThrow(() -> new CheckpointException(origin + ": \"" + key + "\" is missing."));
  }

  /** Which options, null and empty ones aside, have another value than the one here, which changes nothing. */
  List<String> otherThan(JsonObject neutral) {
    return neutral.keySet()
      .stream()
      .filter(key -> element(key).filter(value -> !value.equals(neutral.get(key)) && !isEmpty(value)).isPresent())
      .toList();
  }

  private static boolean isEmpty(JsonElement value) {
    return List.of("[]", "{}", "\"\"").contains(value.toString());
  }

  private <T> Optional<T> value(String key, Predicate<JsonElement> fits, String expected, Function<JsonElement, T> as) {
    Optional<JsonElement> element = element(key);
    require(element.isEmpty() || fits.test(element.get()), key, expected);
    return element.map(as);
  }

  private static Predicate<JsonElement> is(Predicate<JsonPrimitive> kind) {
    return element -> element.isJsonPrimitive() && kind.test(element.getAsJsonPrimitive());
  }

  private static Stream<JsonElement> elements(JsonElement value) {
    return value.isJsonArray() ? StreamSupport.stream(value.getAsJsonArray().spliterator(), false) : Stream.of(value);
  }

  private static boolean isInteger(JsonElement element) {
    return is(JsonPrimitive::isNumber).test(element) && element.getAsDouble() == Math.rint(element.getAsDouble())
        && Math.abs(element.getAsDouble()) <= Integer.MAX_VALUE;
  }

  private static int toInteger(JsonElement element) {
    return (int) element.getAsDouble();
  }

  /** Throws unless a value is what it should be. */
  void require(boolean fine, String key, String expected) {
    if (!fine) {
      throw new CheckpointException(
          "%s: \"%s\" is %s; it should be %s.".formatted(origin, key, shortened(key), expected));
    }
  }

  /** Throws if a value asks for what this library does not do, which would change the results. */
  void refuseIf(boolean unsupported, String key) {
    if (unsupported) {
      throw unsupported(key);
    }
  }

  CheckpointException unsupported(String key) {
    return new CheckpointException(
        "%s: option \"%s\" = %s is not implemented, and ignoring it would change the results.".formatted(origin, key,
            shortened(key)));
  }

  private String shortened(String key) {
    return element(key).map(JsonElement::toString).orElse("null").replaceAll("(?s)(.{80}).+", "$1…");
  }
}
