package org.coldstart.io.rows;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.ToNumberPolicy;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.coldstart.io.json.Json;

/**
 * Reads rows from JSON: objects one after the other, on a line each or over several, and arrays of them. Every object
 * in the file is a row, and what is neither is an error.
 */
final class JsonRows {

  /** Whole numbers become Long where they fit, all others Double. */
  private static final TypeAdapter<Object> VALUES = new GsonBuilder()
    .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
    .create()
    .getAdapter(Object.class);

  /** Numbers that JSON does not have, as Python writes them. */
  private static final List<String> NOT_FINITE = List.of("-Infinity", "Infinity", "NaN");

  private final Path file;
  private final Reader text;
  private final RowFiles.Sink sink;
  private int next;
  private long line = 1;
  private long rows;

  private JsonRows(Path file, Reader text, RowFiles.Sink sink) throws IOException {
    this.file = file;
    this.text = text;
    this.sink = sink;
    this.next = text.read();
  }

  static void read(Path file, Reader text, RowFiles.Sink sink) throws IOException {
    new JsonRows(file, text, sink).read();
  }

  /** The value of a JSON text as rows have it, a {@code Map}, {@code Long} …; an IOException if it is none. */
  static Object value(String json) throws IOException {
    boolean notFinite = NOT_FINITE.stream().anyMatch(json::contains); // hardly ever
    JsonReader reader = Json.reader(new StringReader(notFinite ? quoted(json) : json));
    Object value = VALUES.read(reader);
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("more than one value");
    }
    return notFinite ? withNotFinite(value) : value;
  }

  /** A row from its line; an IllegalArgumentException if that is none. */
  @SuppressWarnings("unchecked") // names are strings
  static Map<String, Object> row(String line) {
    try {
      if (value(line) instanceof Map<?, ?> row) {
        return (Map<String, Object>) row;
      }
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException("not valid JSON (" + Json.reason(e) + "): correct or remove it.", e);
    }
    throw new IllegalArgumentException("not an object {…}: correct or remove it.");
  }

  /** With marked texts for the numbers that JSON does not have; those within texts stay. */
  private static String quoted(String json) {
    StringBuilder strict = new StringBuilder();
    boolean inText = false;
    for (int i = 0; i < json.length();) {
      int at = i;
      Optional<String> number = inText ? Optional.empty()
          : NOT_FINITE.stream().filter(name -> json.startsWith(name, at)).findFirst();
      number.ifPresent(name -> strict.append("\"\\u0000").append(name).append('"'));
      int length = number.map(String::length).orElse(inText && json.charAt(i) == '\\' ? 2 : 1);
      if (number.isEmpty()) {
        inText ^= json.charAt(i) == '"';
        strict.append(json, i, Math.min(i + length, json.length()));
      }
      i += length;
    }
    return strict.toString();
  }

  private static Object withNotFinite(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> changed = new LinkedHashMap<>();
      map.forEach((key, entry) -> changed.put(key, withNotFinite(entry)));
      return changed;
    }
    if (value instanceof List<?> list) {
      return list.stream().map(JsonRows::withNotFinite).collect(Collectors.toCollection(ArrayList::new));
    }
    return value instanceof String text && text.startsWith("\0") ? Double.valueOf(text.substring(1)) : value;
  }

  private void read() throws IOException {
    for (skipSpace(); next >= 0; skipSpace()) {
      if (!(next == '[' ? readArray() : readObject(line))) {
        return;
      }
    }
  }

  private boolean readArray() throws IOException {
    take();
    skipSpace();
    if (next == ']') {
      take();
      return true;
    }
    while (true) {
      if (!readObject(rows + 1)) {
        return false;
      }
      skipSpace();
      int mark = next;
      if (mark != ',' && mark != ']') {
        throw invalid(line, mark < 0 ? "the file ends within an array" : "no comma between two rows");
      }
      take();
      skipSpace();
      if (mark == ']') {
        return true;
      }
    }
  }

  /** Reads an object and hands it over; false when no more rows are wanted. */
  @SuppressWarnings("unchecked") // names are strings
  private boolean readObject(long number) throws IOException {
    long start = line;
    if (next != '{') {
      throw invalid(start, "not an object {…}");
    }
    String json = object();
    try {
      rows++;
      return sink.accept(number, (Map<String, Object>) value(json));
    } catch (IOException | JsonParseException | NumberFormatException e) {
      throw invalid(start, next >= 0 || json.endsWith("}") ? Json.reason(e) : "the file ends within a row", e);
    }
  }

  /** From a brace to the one that closes it, by counting them outside of texts. */
  private String object() throws IOException {
    StringBuilder json = new StringBuilder();
    int depth = 0;
    boolean inText = false;
    do {
      if (inText && next == '\n') {
        return json.toString(); // no text holds a line feed: its quotes are not closed
      }
      if (inText && next == '\\') {
        json.append((char) take());
      } else if (next == '"') {
        inText = !inText;
      } else if (!inText) {
        depth += next == '{' || next == '[' ? 1 : next == '}' || next == ']' ? -1 : 0;
      }
      if (next >= 0) {
        json.append((char) take());
      }
    } while (depth > 0 && next >= 0);
    return json.toString();
  }

  private void skipSpace() throws IOException {
    while (Character.isWhitespace(next)) {
      take();
    }
  }

  private int take() throws IOException {
    int taken = next;
    line += taken == '\n' ? 1 : 0;
    next = text.read();
    return taken;
  }

  private RowException invalid(long line, String reason, Object... cause) {
    return new RowException("%s, line %d is not valid JSON (%s): correct or remove it.", file, line, reason,
        cause.length > 0 ? cause[0] : null);
  }
}
