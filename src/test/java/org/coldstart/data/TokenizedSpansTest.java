package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;
import org.coldstart.io.json.Json;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A text that is parted stays the text it was, also where the model puts a space before a text. */
class TokenizedSpansTest {

  private static final String NONE = "null";
  private static final String LLAMA2 = "{'type': 'Sequence', 'normalizers': [{'type': 'Prepend', 'prepend': '\u2581'},"
      + " {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '\u2581'}]}";
  private static final String METASPACE = "{'type': 'Metaspace', 'replacement': '\u2581', 'prepend_scheme': '%s', 'split': %s}";

  @TempDir
  Path folder;

  /** The vocabulary of the Llama 2 fixture behind other first steps. */
  private Tokenizer tokenizer(String kind) throws IOException {
    Path source = Path.of("src/test/resources/tokenizer/llama2");
    JsonObject json = Json.parse(Files.readString(source.resolve("tokenizer.json"))).getAsJsonObject();
    json.add("normalizer", Json.parse(kind.equals("prepend") ? quoted(LLAMA2) : NONE));
    json.add("pre_tokenizer", Json.parse(kind.equals("prepend") ? NONE : metaspace(kind)));
    Files.writeString(folder.resolve("tokenizer.json"), json.toString());
    Files.copy(source.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
    return Tokenizer.fromPretrained(folder);
  }

  private static String metaspace(String kind) {
    return quoted(METASPACE.formatted((Object[]) kind.split(", ")));
  }

  private static String quoted(String json) {
    return json.replace('\'', '"');
  }

  @ParameterizedTest
  @ValueSource(strings = {"prepend", "always, true", "always, false", "first, true", "first, false", "never, false"})
  void partedOrNotItIsTheSameText(String kind) throws IOException {
    try (Tokenizer tokenizer = tokenizer(kind)) {
      check(tokenizer, "The answer: ", "tokens are not the answer.</s>", "");
      check(tokenizer, "The app", "les are tokens.</s>", "\nThe dog");
      check(tokenizer, "<s>The app", "les</s>", "The dog</s>");
      check(tokenizer, "The answer:", " tokens</s>", " and </s>");
      check(tokenizer, "The  ", " answer</s>", "");
    }
  }

  private static void check(Tokenizer tokenizer, String prompt, String reply, String rest) {
    String text = prompt + reply + rest;
    Span trained = new Span(prompt.length(), prompt.length() + reply.length());
    Example example = new TokenizedSpans(text, List.of(trained)).encode(tokenizer);
    int[] whole = tokenizer.encode(text, false).ids();
    assertEquals(spelled(tokenizer, whole), spelled(tokenizer, example.ids()), text);
    int[] asked = tokenizer.encode(prompt, false).ids();
    assertArrayEquals(asked, Arrays.copyOf(example.ids(), asked.length), prompt);
    assertEquals(reply.replace(' ', '\u2581'), spelled(tokenizer, example.keptIds()), text);
  }

  private static String spelled(Tokenizer tokenizer, int[] ids) {
    return IntStream.of(ids).mapToObj(tokenizer::idToToken).collect(Collectors.joining());
  }

  /** A second place in the same stretch of text is parted no other way. */
  @ParameterizedTest
  @CsvSource({"prepend", "'always, false'"})
  void severalPlacesInARow(String kind) throws IOException {
    try (Tokenizer tokenizer = tokenizer(kind)) {
      String text = "The answer: the apples are";
      List<Span> trained = List.of(new Span(6, 8), new Span(12, 15), new Span(18, 26));
      Example example = new TokenizedSpans(text, trained).encode(tokenizer);
      assertEquals("\u2581" + text.replace(' ', '\u2581'), spelled(tokenizer, example.ids()), text);
    }
  }
}
