package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.coldstart.io.json.Json;
import org.coldstart.io.tokenizer.TokenizerException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cut, garbled and hostile files are errors that name the file; several of these would end the process otherwise.
 */
class DamagedFilesTest {
  @TempDir
  Path folder;

  private String good;

  @BeforeEach
  void copy() throws IOException {
    good = Files.readString(Truth.TINY.resolve("tokenizer.json"));
    Files.copy(Truth.TINY.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 5000, 20000})
  void cutFile(int length) throws IOException {
    assertRefused(good.substring(0, length), "damaged");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "[]", "\"text\"", "{}", "{\"model\": 5}", "{\"model\": {}}", "not json",
    "{\"a\": 1} {"})
  void notATokenizer(String text) throws IOException {
    assertRefused(text, "");
  }

  @Test
  void notUtf8() throws IOException {
    Files.write(folder.resolve("tokenizer.json"), new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'});
    assertTrue(error().contains("not UTF-8"));
  }

  @Test
  void thousandsOfOpenBrackets() throws IOException {
    assertRefused("{\"model\":" + "[".repeat(200_000), "damaged");
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', quoteCharacter = '`', value = {"/model/type ; \"Unigram\" ; known is BPE",
    "/model/vocab ; [] ; wrong type", "/model/vocab/a ; -1 ; without a gap", "/model/vocab/a ; 4294967295 ; wrong type",
    "/model/vocab/a ; 100000 ; without a gap", "/model/vocab/a ; 7 ; share the id 7",
    "/model/vocab/a ; 1.5 ; wrong type", "/model/unk_token ; \"<unk>\" ; not in the vocabulary",
    "/model/continuing_subword_prefix ; \"long prefix\" ; not supported", "/model/merges ; {} ; wrong type",
    "/model/merges/0 ; \"one\" ; damaged", "/model/merges/0 ; [\"a\", \"nowhere\"] ; damaged",
    "/model/dropout ; 7 ; damaged", "/added_tokens ; {} ; wrong type", "/added_tokens/0 ; 5 ; wrong type",
    "/added_tokens/0/id ; 9 ; among the added tokens", "/added_tokens/4/id ; 2000000000 ; without a gap",
    "/added_tokens/4/id ; 590 ; no token has the id 583 (\"<|extra|>\" has 590)",
    "/model/vocab/a ; 100000 ; no token has the id 67 (\"b\" has 68)", "/added_tokens/4/content ; \"\" ; empty",
    "/normalizer ; {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAAAA==\"} ; not" + " known",
    "/normalizer ; {\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"x\"}" + " ; Replace",
    "/pre_tokenizer ; {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\":"
        + " \"Isolated\", \"invert\": false} ; damaged",
    "/pre_tokenizer/type ; \"Nowhere\" ; not known", "/post_processor/special_tokens ; {} ; does not define it",
    "/post_processor/special_tokens/<|bos|>/ids ; [] ; one id",
    "/post_processor/special_tokens/<|bos|>/ids ; [5000] ; id 5000", "/decoder/type ; 5 ; not known",})
  void damagedPart(String pointer, String value, String says) throws IOException {
    JsonObject root = Json.parse(good).getAsJsonObject();
    set(root, pointer.substring(1).split("/"), Json.parse(value));
    assertRefused(root.toString(), says);
  }

  @Test
  void truncationAndPaddingInTheFileDoNotApply() throws IOException {
    edit(root -> {
      root.add("truncation",
          Json.parse("{\"direction\":\"Right\",\"max_length\":4,\"strategy\":\"LongestFirst\",\"stride\":0}"));
      root.add("padding", Json.parse("{\"strategy\":{\"Fixed\":4000000000},\"direction\":\"Right\","
          + "\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"<|pad|>\"}"));
    });
    String text = "The quick brown fox jumps over the lazy dog";
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder); Tokenizer tiny = Truth.tiny()) {
      assertArrayEquals(tiny.encode(text).ids(), tokenizer.encode(text).ids());
    }
  }

  /** Of a text listed twice, JSON's readers keep one; what is left leaves a gap. */
  @Test
  void vocabularyWithOneTextTwice() throws IOException {
    String twice = good.replaceFirst("\"b\": *68", "\"a\": 68");
    assertRefused(twice, "no token has the id 67");
  }

  @Test
  void unknownModelTypesAreRefusedByName() throws IOException {
    for (String type : new String[] {"WordPiece", "WordLevel", "Unigram", "Surprise"}) {
      JsonObject root = Json.parse(good).getAsJsonObject();
      root.getAsJsonObject("model").addProperty("type", type);
      assertRefused(root.toString(), "kind \"" + type + "\"; known is BPE");
    }
  }

  @Test
  void sentencePieceModelAloneSaysWhatToDo() throws IOException {
    Files.write(folder.resolve("tokenizer.model"), new byte[] {1, 2, 3});
    assertTrue(error().contains("tokenizer.model"), error());
    assertTrue(error().contains("save_pretrained"), error());
  }

  @Test
  void damagedConfigNamesFileAndKey() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), good);
    for (String config : new String[] {"{\"bos_token\": 5}", "{\"added_tokens_decoder\": {\"x\": 1}}",
      "{\"chat_template\": [1]}", "{"}) {
      Files.writeString(folder.resolve("tokenizer_config.json"), config);
      String message = assertThrows(TokenizerException.class, () -> {
        try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
          tokenizer.hasChatTemplate();
        }
      }).getMessage();
      assertTrue(message.contains("tokenizer_config.json"), message);
    }
  }

  @Test
  void missingFilesSayWhatIsWanted() {
    assertTrue(error().contains("no tokenizer.json and no .gguf file"), error());
    Path nowhere = folder.resolve("nowhere");
    assertEquals(nowhere + " does not exist; give a folder with tokenizer.json or a .gguf file",
        assertThrows(TokenizerException.class, () -> Tokenizer.fromPretrained(nowhere)).getMessage());
  }

  private void edit(Consumer<JsonObject> change) throws IOException {
    JsonObject root = Json.parse(good).getAsJsonObject();
    change.accept(root);
    Files.writeString(folder.resolve("tokenizer.json"), root.toString());
  }

  private static void set(JsonElement at, String[] path, JsonElement value) {
    for (int i = 0; i < path.length - 1; i++) {
      at = at.isJsonArray() ? at.getAsJsonArray().get(Integer.parseInt(path[i])) : at.getAsJsonObject().get(path[i]);
    }
    String last = path[path.length - 1];
    if (at.isJsonArray()) {
      at.getAsJsonArray().set(Integer.parseInt(last), value);
    } else {
      at.getAsJsonObject().add(last, value);
    }
  }

  private void assertRefused(String json, String says) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), json);
    String message = error();
    assertTrue(message.contains("tokenizer.json") && message.contains(says), message);
  }

  private String error() {
    return assertThrows(TokenizerException.class, () -> Tokenizer.fromPretrained(folder).close()).getMessage();
  }
}
