package org.coldstart.io.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonSyntaxException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.StringReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What RFC 8259 allows is read, and nothing else. */
class JsonTest {
  @ParameterizedTest
  @ValueSource(strings = {"null", "-1.5E+10", "1e5", "\"'\"", "[]", "{\"TRUE\":[true,false,null,\"\\\\\",\"\\\"E'\"]}",
    "\"\\u00e9\\n\\/\u007f\"", "123456789012345678901234567890"})
  void valid(String json) {
    assertEquals(json.replace("\\u00e9", "é").replace("\\/", "/").replace("'", "\\u0027"),
        Json.parse(" \t\r\n" + json + " \n").toString().replace("'", "\\u0027"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "[1", "{\"a\":}", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1;2]",
    "{\"a\"=1}", "1 2", "{} {", "// note\n1", "# note\n1", "/* note */ 1", "NaN", "[Infinity]", "-Infinity", "01", "1.",
    ".5", "+1", "1e", "True", "nULL", "falsE", "truE", "text", "\"a\nb\"", "\"a\tb\"", "\"\u0000\"", "\"\\'\"",
    "\"\\\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"open", ")]}'\n1", "]", "}", "[}", "{]", "\f1"})
  void invalid(String json) {
    assertThrows(JsonSyntaxException.class, () -> Json.parse(json));
  }

  @Test
  void bracketsWithinBrackets() {
    assertEquals(255, Json.parse("[".repeat(255) + "]".repeat(255)).toString().length() / 2);
    assertThrows(JsonSyntaxException.class, () -> Json.parse("[".repeat(256) + "]".repeat(256)));
    assertThrows(JsonSyntaxException.class, () -> Json.parse("{\"a\":".repeat(100_000)));
  }

  @Test
  void faultIsMetWhereItStands() throws IOException {
    JsonReader reader = Json.reader(new StringReader("[{\"a\": \"fine\"}, {\"b\": \"line\nbreak\"}]"));
    reader.beginArray();
    assertEquals("{\"a\":\"fine\"}", Json.next(reader).toString());
    assertThrows(MalformedJsonException.class, () -> Json.next(reader));
    assertEquals("$[1].b", reader.getPath());
  }

  @Test
  void messageSaysWhatAndWhere() {
    String message = assertThrows(JsonSyntaxException.class, () -> Json.parse("{\"a\": [1, True]}")).getMessage();
    assertEquals("malformed JSON at line 1 column 11 path $.a[1]", message);
  }
}
