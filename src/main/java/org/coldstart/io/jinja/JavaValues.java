package org.coldstart.io.jinja;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Copies Java values into a template's values, so that nothing a template does reaches the
 * caller's.
 */
final class JavaValues {
  private JavaValues() {}

  /**
   * The value as a template has it.
   *
   * @param where the variable's name, for the error message
   * @throws IllegalArgumentException for a type a template has no use for
   */
  static Object convert(Object value, String where) {
    if (value == null
        || value instanceof String
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof Double) {
      return value;
    }
    if (value instanceof CharSequence || value instanceof Character || value instanceof Enum) {
      return value.toString();
    }
    if (value instanceof Number number) {
      return convertNumber(number);
    }
    if (value instanceof Map<?, ?> map) {
      return convertMap(map, where);
    }
    if (value instanceof Iterable<?> items) {
      List<Object> list = new ArrayList<>();
      items.forEach(item -> list.add(convert(item, where + "[" + list.size() + "]")));
      return list;
    }
    if (value instanceof JsonElement json) {
      return convertJson(json, where);
    }
    if (value instanceof Object[] array) {
      return convert(java.util.Arrays.asList(array), where);
    }
    throw new IllegalArgumentException(
        "The template variable "
            + where
            + " is a "
            + value.getClass().getName()
            + "; pass null, booleans, numbers, strings, and lists and maps of these");
  }

  private static Object convertNumber(Number number) {
    if (number instanceof BigInteger big) {
      return Numbers.normal(big);
    }
    boolean real = number instanceof Float || number instanceof BigDecimal;
    return real ? (Object) Double.parseDouble(number.toString()) : (Object) number.longValue();
  }

  private static Object convertMap(Map<?, ?> map, String where) {
    Map<Object, Object> dict = Values.dict();
    map.forEach((key, value) -> dict.put(convert(key, where), convert(value, where + "." + key)));
    return dict;
  }

  private static Object convertJson(JsonElement json, String where) {
    if (json instanceof JsonObject object) {
      Map<Object, Object> dict = Values.dict();
      object
          .entrySet()
          .forEach(e -> dict.put(e.getKey(), convert(e.getValue(), where + "." + e.getKey())));
      return dict;
    }
    if (!(json instanceof JsonPrimitive primitive)) {
      return null;
    }
    if (primitive.isNumber()) {
      String digits = primitive.getAsString();
      return digits.matches("-?\\d+")
          ? Numbers.normal(new BigInteger(digits))
          : (Object) primitive.getAsDouble();
    }
    return primitive.isBoolean() ? (Object) primitive.getAsBoolean() : primitive.getAsString();
  }
}
