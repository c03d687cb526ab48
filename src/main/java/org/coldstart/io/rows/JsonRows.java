package org.coldstart.io.rows;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.json.Json;

/** Reads rows from JSON: one object a line, or one array of objects. */
final class JsonRows {
  private JsonRows() {}

  static void read(Path file, BufferedReader text, RowFiles.Sink sink) throws IOException {
    boolean isArray = startsWithBracket(text);
    long number = 1;
    try {
      if (isArray) {
        JsonReader reader = Json.reader(text);
        reader.beginArray();
        for (; reader.hasNext(); number++) {
          if (!sink.accept(number, object(Json.next(reader)))) {
            return;
          }
        }
        reader.endArray();
        return;
      }
      for (String line = text.readLine(); line != null; line = text.readLine(), number++) {
        if (!line.isBlank() && !sink.accept(number, parse(line))) {
          return;
        }
      }
    } catch (MalformedJsonException | EOFException | NumberFormatException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new RowException("%s, %s %d is not valid JSON (%s): correct or remove it.", file, isArray ? "row" : "line",
          number, reason, e);
    }
  }

  private static boolean startsWithBracket(BufferedReader text) throws IOException {
    text.mark(1 << 16);
    int c = text.read();
    for (int i = 1; i < 1 << 15 && Character.isWhitespace(c); i++) {
      c = text.read();
    }
    text.reset();
    return c == '[';
  }

  private static Map<String, Object> parse(String line) throws IOException {
    JsonReader reader = Json.reader(new StringReader(line));
    Map<String, Object> values = object(Json.next(reader));
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("more than one object {…}");
    }
    return values;
  }

  private static Map<String, Object> object(JsonElement element) throws IOException {
    if (element instanceof JsonObject object) {
      return values(object);
    }
    throw new MalformedJsonException("not an object {…}");
  }

  private static Map<String, Object> values(JsonObject object) {
    Map<String, Object> values = new LinkedHashMap<>();
    object.entrySet().forEach(entry -> values.put(entry.getKey(), value(entry.getValue())));
    return Collections.unmodifiableMap(values);
  }

  private static Object value(JsonElement element) {
    if (element instanceof JsonObject object) {
      return values(object);
    }
    if (element instanceof JsonArray array) {
      List<Object> list = new ArrayList<>();
      array.forEach(e -> list.add(value(e)));
      return Collections.unmodifiableList(list);
    }
    if (!(element instanceof JsonPrimitive primitive)) {
      return null;
    }
    return primitive.isBoolean() ? (Object) primitive.getAsBoolean()
        : primitive.isString() ? primitive.getAsString() : number(primitive);
  }

  /** Whole numbers become Long where they fit, all others Double. */
  private static Number number(JsonPrimitive primitive) {
    try {
      return Long.valueOf(primitive.getAsString());
    } catch (NumberFormatException e) {
      return primitive.getAsDouble();
    }
  }
}
