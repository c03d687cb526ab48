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
    if (startsWithBracket(text)) {
      readArray(file, text, sink);
    } else {
      readLines(file, text, sink);
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

  private static void readLines(Path file, BufferedReader text, RowFiles.Sink sink)
      throws IOException {
    long number = 1;
    for (String line = text.readLine(); line != null; line = text.readLine(), number++) {
      if (!line.isBlank() && !sink.accept(number, parseLine(file, number, line))) {
        return;
      }
    }
  }

  private static Map<String, Object> parseLine(Path file, long number, String line)
      throws IOException {
    try (JsonReader reader = Json.reader(new StringReader(line))) {
      JsonElement element = Json.next(reader);
      if (element instanceof JsonObject object && reader.peek() == JsonToken.END_DOCUMENT) {
        return values(object);
      }
      throw new RowException(
          "%s, line %d: each line of a JSON-lines file is one object {…}.", file, number);
    } catch (MalformedJsonException | EOFException | NumberFormatException e) {
      throw new RowException(
          "%s, line %d is not valid JSON (%s): correct or remove the line.",
          file, number, reason(e), e);
    }
  }

  private static void readArray(Path file, BufferedReader text, RowFiles.Sink sink)
      throws IOException {
    long number = 1;
    try {
      JsonReader reader = Json.reader(text);
      reader.beginArray();
      for (; reader.hasNext(); number++) {
        if (!(Json.next(reader) instanceof JsonObject object)) {
          throw new RowException(
              "%s, row %d: each element of the array is an object {…}.", file, number);
        }
        if (!sink.accept(number, values(object))) {
          return;
        }
      }
      reader.endArray();
    } catch (MalformedJsonException | EOFException | NumberFormatException e) {
      throw new RowException(
          "%s is not valid JSON in row %d (%s): correct it there.", file, number, reason(e), e);
    }
  }

  private static String reason(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
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
    return primitive.isBoolean()
        ? (Object) primitive.getAsBoolean()
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
