package org.coldstart.io.json;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonSyntaxException;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;

/**
 * Reads JSON strictly, by RFC 8259. Gson's own {@code JsonParser} takes unquoted names, comments and more, so that a
 * garbled file may pass.
 */
public final class Json {
  private static final TypeAdapter<JsonElement> ELEMENTS = new Gson().getAdapter(JsonElement.class);

  private Json() {}

  /**
   * A reader over the text that is strict; reading on after the last bracket checks that nothing follows.
   */
  public static JsonReader reader(Reader text) {
    JsonReader reader = new JsonReader(text);
    reader.setStrictness(Strictness.STRICT);
    return reader;
  }

  /**
   * The next value of a {@link #reader reader}, with all that is in it.
   *
   * @throws IOException if the text cannot be read, or is cut or not JSON
   * @throws NumberFormatException if an escape {@code \}{@code u} lacks its four digits
   */
  public static JsonElement next(JsonReader reader) throws IOException {
    return ELEMENTS.read(reader);
  }

  /**
   * Reads one value and nothing after it.
   *
   * @throws JsonSyntaxException if the text is anything else; its message says where
   */
  public static JsonElement parse(String text) {
    JsonReader reader = reader(new StringReader(text));
    try {
      JsonElement value = next(reader);
      if (reader.peek() == JsonToken.END_DOCUMENT) {
        return value;
      }
      throw new JsonSyntaxException("more than one value");
    } catch (IOException | NumberFormatException e) {
      throw new JsonSyntaxException(reason(e), e);
    }
  }

  /** What is wrong with a JSON text, without the parser's advice to programmers. */
  public static String reason(Exception e) {
    return String.valueOf(e.getMessage())
      .replaceFirst("^(\\w+\\.)+\\w+: ", "")
      .replaceFirst("Use JsonReader\\.setStrictness\\(.*\\) to accept malformed", "malformed")
      .replaceFirst("\nSee .*", "");
  }
}
