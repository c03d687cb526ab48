package org.coldstart.io.rows;

import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.Map;
import org.coldstart.io.json.Json;

/** Reads rows from JSON: one object a line, or one array of objects. */
final class JsonRows {
  /** Whole numbers become Long where they fit, all others Double. */
  private static final TypeAdapter<Object> VALUES = new GsonBuilder()
    .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
    .create()
    .getAdapter(Object.class);

  private JsonRows() {}

  static void read(Path file, BufferedReader text, RowFiles.Sink sink) throws IOException {
    boolean isArray = startsWithBracket(text);
    long number = 1;
    try {
      if (isArray) {
        JsonReader reader = Json.reader(text);
        reader.beginArray();
        for (; reader.hasNext(); number++) {
          if (!sink.accept(number, object(reader))) {
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
    Map<String, Object> values = object(reader);
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("more than one object {…}");
    }
    return values;
  }

  @SuppressWarnings("unchecked") // names are strings
  private static Map<String, Object> object(JsonReader reader) throws IOException {
    if (VALUES.read(reader) instanceof Map<?, ?> object) {
      return (Map<String, Object>) object;
    }
    throw new MalformedJsonException("not an object {…}");
  }
}
