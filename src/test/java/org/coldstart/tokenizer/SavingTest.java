package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands in a saved folder; that its ids are the same is in {@link PythonParityTest}. */
class SavingTest {
  private static final Path QWEN = Truth.RESOURCES.resolve("qwen");

  @TempDir
  Path folder;

  @Test
  void everyAddedTokenIsListedAndUnknownKeysAreKept() throws IOException {
    try (Tokenizer tokenizer = Truth.tiny()) {
      tokenizer.addTokens("<think>");
      tokenizer.addSpecialTokens("<answer>");
      tokenizer.setPadToken("<answer>");
      tokenizer.save(folder.resolve("new/deep"));
    }
    JsonObject config = json("new/deep/tokenizer_config.json");
    JsonObject table = config.getAsJsonObject("added_tokens_decoder");
    assertEquals(Set.of("0", "1", "2", "582", "583", "584", "585"), table.keySet());
    assertEquals(Json.parse("{\"content\":\"<think>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
        + "\"normalized\":true,\"special\":false}"), table.get("584"));
    assertTrue(table.getAsJsonObject("585").get("special").getAsBoolean());
    assertEquals("{\"kept\":[1,2.5,null]}", config.get("a_key_nobody_knows").toString());
    assertEquals("PreTrainedTokenizerFast", config.get("tokenizer_class").getAsString());
    assertEquals("<|bos|>", config.get("bos_token").getAsString());
    assertEquals("<answer>", config.get("pad_token").getAsString());
    assertEquals("left", config.get("padding_side").getAsString());
    assertEquals("<answer>", json("new/deep/special_tokens_map.json").get("pad_token").getAsString());
    assertEquals(Set.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"),
        names(folder.resolve("new/deep")));
  }

  @Test
  void aTemplateFileLeftByAnotherTokenizerGoes() throws IOException {
    Files.writeString(folder.resolve("chat_template.jinja"), "left over");
    Path base = folder.resolve("base");
    Files.createDirectories(base);
    Files.copy(Truth.TINY.resolve("tokenizer.json"), base.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(base)) {
      assertFalse(tokenizer.hasChatTemplate());
      tokenizer.save(folder);
    }
    assertFalse(names(folder).contains("chat_template.jinja"));
  }

  @Test
  void severalTemplatesStayTogether() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"T\"}, {\"name\":"
            + " \"default\", \"template\": \"D\"}]}");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertTrue(tokenizer.hasChatTemplate());
      tokenizer.save(folder);
    }
    JsonArray templates = json("tokenizer_config.json").getAsJsonArray("chat_template");
    assertEquals(2, templates.size());
    assertFalse(names(folder).contains("chat_template.jinja"));
  }

  /** transformers 5 writes the default template beside the others' folder. */
  @Test
  void templatesInFilesAreRead() throws IOException {
    Path source = folder.resolve("source");
    Files.createDirectories(source.resolve("additional_chat_templates"));
    Files.copy(Truth.TINY.resolve("tokenizer.json"), source.resolve("tokenizer.json"));
    Files.writeString(source.resolve("tokenizer_config.json"), "{\"chat_template\": \"C\"}");
    Files.writeString(source.resolve("chat_template.jinja"), "D");
    Files.writeString(source.resolve("additional_chat_templates/tool_use.jinja"), "T");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
      assertEquals("D", tokenizer.chatTemplate().source());
      tokenizer.save(folder);
    }
    assertEquals(
        Json.parse("[{\"name\":\"default\",\"template\":\"D\"}," + "{\"name\":\"tool_use\",\"template\":\"T\"}]"),
        json("tokenizer_config.json").get("chat_template"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("D", tokenizer.chatTemplate().source());
    }
  }

  @Test
  void tokenizerWithoutTemplateSavesNone() throws IOException {
    Path base = folder.resolve("base");
    Files.createDirectories(base);
    Files.copy(Truth.TINY.resolve("tokenizer.json"), base.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(base)) {
      tokenizer.save(folder);
    }
    assertFalse(json("tokenizer_config.json").has("chat_template"));
    assertFalse(names(folder).contains("chat_template.jinja"));
  }

  @Test
  void furtherSpecialTokensSurvive() throws IOException {
    for (String further : List.of("\"additional_special_tokens\": [\"<|user|>\", \"<|new|>\"]",
        "\"extra_special_tokens\": [\"<|user|>\", {\"content\": \"<|new|>\"}]",
        "\"extra_special_tokens\": {\"user_token\": \"<|user|>\", \"new_token\":" + " \"<|new|>\"}")) {
      Path source = Files.createTempDirectory(folder, "source");
      Files.copy(Truth.TINY.resolve("tokenizer.json"), source.resolve("tokenizer.json"));
      Files.writeString(source.resolve("tokenizer_config.json"), "{" + further + "}");
      Path saved = Files.createTempDirectory(folder, "saved");
      try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
        tokenizer.save(saved);
      }
      JsonObject before = Json.parse("{" + further + "}").getAsJsonObject();
      JsonObject after = json(folder.relativize(saved) + "/tokenizer_config.json");
      before.entrySet().forEach(e -> assertEquals(e.getValue(), after.get(e.getKey())));
      try (Tokenizer tokenizer = Tokenizer.fromPretrained(saved)) {
        assertEquals(584, tokenizer.id("<|new|>"));
        assertTrue(tokenizer.isSpecial(584));
      }
    }
  }

  @Test
  void padTokenThatIsThereButNotNamedIsSavedWithItsRole() throws IOException {
    Path base = folder.resolve("base");
    Files.createDirectories(base);
    Files.copy(Truth.TINY.resolve("tokenizer.json"), base.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(base)) {
      assertEquals("<|pad|>", tokenizer.padToken().orElseThrow());
      tokenizer.save(folder);
    }
    assertEquals("<|pad|>", json("tokenizer_config.json").get("pad_token").getAsString());
  }

  /** As in transformers 5.23, which drops these two where there is a tokenizer.json. */
  @Test
  void thePipelineDecidesAboutBosAndEosNotTheConfig() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<|bos|>\", \"eos_token\": {\"content\": \"<|eos|>\"}, \"add_bos_token\":"
            + " false, \"add_eos_token\": true}");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("<|bos|>Hello", tokenizer.decode(tokenizer.encode("Hello").ids()));
      tokenizer.save(folder);
    }
    assertFalse(json("tokenizer_config.json").has("add_eos_token"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("<|bos|>Hello", tokenizer.decode(tokenizer.encode("Hello").ids()));
    }
  }

  /** Measured with transformers 5.23: the config's word counts, but once special is special. */
  @Test
  void whereTheFilesDisagreeTheConfigDescribesTheToken() throws IOException {
    JsonObject root = Json.parse(Files.readString(QWEN.resolve("tokenizer.json"))).getAsJsonObject();
    JsonObject config = Json.parse(Files.readString(QWEN.resolve("tokenizer_config.json"))).getAsJsonObject();
    root.getAsJsonArray("added_tokens").get(24).getAsJsonObject().addProperty("rstrip", true);
    root.getAsJsonArray("added_tokens").get(25).getAsJsonObject().addProperty("special", true);
    JsonObject table = config.getAsJsonObject("added_tokens_decoder");
    table.getAsJsonObject("524").addProperty("lstrip", true);
    config.addProperty("tool_token", "<tool_call>");
    Files.writeString(folder.resolve("tokenizer.json"), root.toString());
    Files.writeString(folder.resolve("tokenizer_config.json"), config.toString());
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals(List.of("a", "<think>", "Ġb", "Ġ", "</think>"), tokenizer.encode("a <think> b </think>").tokens());
      assertFalse(tokenizer.isSpecial(tokenizer.id("<think>")));
      assertTrue(tokenizer.isSpecial(tokenizer.id("</think>")));
      assertTrue(tokenizer.isSpecial(tokenizer.id("<tool_call>")));
    }
  }

  @Test
  void tokensWithARoleBecomeSpecialOnLoading() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("special_tokens_map.json"),
        "{\"pad_token\": \"<|extra|>\", \"eos_token\": \"<|new|>\"}");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder); Tokenizer tiny = Truth.tiny()) {
      assertFalse(tiny.isSpecial(tiny.id("<|extra|>")));
      assertTrue(tokenizer.isSpecial(tokenizer.id("<|extra|>")));
      assertEquals(tiny.size(), tokenizer.id("<|new|>"));
      assertTrue(tokenizer.isSpecial(tokenizer.id("<|new|>")));
    }
  }

  private JsonObject json(String file) throws IOException {
    return Json.parse(Files.readString(folder.resolve(file))).getAsJsonObject();
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).collect(Collectors.toSet());
    }
  }
}
