package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.jinja.TemplateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The template a base model gets, against what transformers renders with the course's own. */
class DefaultChatTemplateTest {
  private static final String EOT = DefaultChatTemplate.END_TOKEN;

  private record Case(List<Map<String, String>> messages, String text) {
    List<Message> conversation() {
      return messages.stream().map(m -> Message.of(m.get("role"), m.get("content"))).toList();
    }
  }

  private record Rendered(String template, List<Case> cases) {}

  @TempDir
  Path folder;

  private static Rendered rendered() throws IOException {
    String json = Files.readString(Truth.RESOURCES.resolve("default-template.json"));
    return new Gson().fromJson(json, Rendered.class);
  }

  private static Tokenizer family(String name) {
    return Tokenizer.fromPretrained(Truth.RESOURCES.resolve(name));
  }

  /** The tokenizer of a family without what its config says about roles and templates. */
  private Tokenizer bare(String family, String config) throws IOException {
    Files.copy(Truth.RESOURCES.resolve(family).resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    return Tokenizer.fromPretrained(folder);
  }

  @Test
  void theTextIsThatOfTheCoursesTemplate() throws IOException {
    try (Tokenizer tokenizer = family("qwen")) {
      DefaultChatTemplate.give(tokenizer);
      List<Case> cases = rendered().cases();
      assertTrue(cases.size() >= 6);
      for (Case truth : cases) {
        List<Message> conversation = truth.conversation();
        assertEquals(truth.text(), tokenizer.applyChatTemplate(conversation, false));
        assertEquals(truth.text() + "Assistant:", tokenizer.applyChatTemplate(conversation, true));
      }
    }
  }

  @Test
  void theCoursesOwnSourceGivesTheSameHere() throws IOException {
    ChatTemplate template = ChatTemplate.parse(rendered().template());
    for (Case truth : rendered().cases()) {
      assertEquals(truth.text(), template.render(truth.conversation(), false, Map.of()));
    }
  }

  @ParameterizedTest
  @CsvSource({"qwen, '', <|endoftext|>", "gemma, <bos>, <eos>", "llama2, <s>, </s>", "tiny, <|bos|>, <|eos|>"})
  void aReplyEndsWithTheTokenAtWhichGenerationStops(String family, String bos, String end) {
    try (Tokenizer tokenizer = family(family)) {
      DefaultChatTemplate.give(tokenizer);
      List<Message> chat = List.of(Message.user("Hi"), Message.assistant("Hello."));
      String text = tokenizer.applyChatTemplate(chat, false);
      assertEquals(bos + "User: Hi\n\nAssistant: Hello. " + end + "\n", text);
      assertEquals(end, tokenizer.eosToken().orElseThrow());
      assertEquals(end, ChatFormat.of(tokenizer).endToken());
      int eos = tokenizer.eosTokenId().orElseThrow();
      assertTrue(tokenizer.isSpecial(eos));
      int[] ids = tokenizer.encode(text, false).ids();
      assertEquals(1, java.util.Arrays.stream(ids).filter(id -> id == eos).count());
      int[] whole = tokenizer.encode(text.substring(bos.length()), true).ids();
      assertArrayEquals(whole, ids, "as any other text of this tokenizer begins");
    }
  }

  @Test
  void aTemplateThatIsThereStays() {
    try (Warnings warnings = new Warnings(); Tokenizer tokenizer = family("qwen")) {
      assertTrue(tokenizer.chatTemplate().source().contains("enable_thinking"));
      assertEquals("<|im_end|>", tokenizer.eosToken().orElseThrow());
      assertEquals("<|endoftext|>", tokenizer.padToken().orElseThrow());
      warnings.assertNone();
    }
  }

  /** A base model's EOS ends texts; with the template, replies end at the end of a turn. */
  @ParameterizedTest
  @ValueSource(strings = {"", "\"chat_template\": \"\", ", "\"chat_template\": \" \\n\", "})
  void withChatMlsTokensItIsChatMl(String template) throws IOException {
    try (Warnings warnings = new Warnings();
        Tokenizer tokenizer = bare("qwen", "{" + template + "\"eos_token\": \"<|endoftext|>\"}")) {
      assertChats(tokenizer, "<|im_end|>", """
          <|im_start|>system
          S<|im_end|>
          <|im_start|>user
          Hi<|im_end|>
          """, "<|im_start|>assistant\n", "Hello.<|im_end|>\n");
      warnings.assertOne(folder.getFileName() + " has no chat template", "ChatML's, whose turn tokens it has");
    }
  }

  @Test
  void withGemmasTokensItIsGemmas() throws IOException {
    try (Tokenizer tokenizer = bare("gemma", "{\"bos_token\": \"<bos>\", \"eos_token\": \"<eos>\"}")) {
      assertChats(tokenizer, "<end_of_turn>", """
          <bos><start_of_turn>user
          S

          Hi<end_of_turn>
          """, "<start_of_turn>model\n", "Hello.<end_of_turn>\n");
      try (Tokenizer own = family("gemma")) {
        List<Message> chat = List.of(Message.user("Hi "), Message.assistant("{x}"), Message.user("a\nb"));
        assertEquals(own.applyChatTemplate(chat, true), tokenizer.applyChatTemplate(chat, true));
      }
      DefaultChatTemplate.give(tokenizer);
      assertEquals("<eos>", tokenizer.eosToken().orElseThrow(), "what ends a text, not Gemma's turn");
      assertEquals("<eos>", ChatFormat.of(tokenizer).endToken());
    }
  }

  @Test
  void withLlama3sTokensItIsLlama3s() throws IOException {
    Path grown = folder.resolve("grown");
    try (Tokenizer tokenizer = bare("tiny", "{\"bos_token\": \"<|bos|>\"}")) {
      tokenizer.addSpecialTokens("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");
      tokenizer.save(grown);
    }
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(grown)) {
      assertChats(tokenizer, "<|eot_id|>", """
          <|bos|><|start_header_id|>system<|end_header_id|>

          S<|eot_id|><|start_header_id|>user<|end_header_id|>

          Hi<|eot_id|>""", "<|start_header_id|>assistant<|end_header_id|>\n\n", "Hello.<|eot_id|>");
    }
  }

  private static void assertChats(Tokenizer tokenizer, String end, String asked, String prompt, String reply) {
    List<Message> chat = List.of(Message.system("S"), Message.user("Hi"), Message.assistant("Hello."));
    assertEquals(asked + prompt, tokenizer.applyChatTemplate(chat.subList(0, 2), true));
    assertEquals(asked + prompt + reply, tokenizer.applyChatTemplate(chat, false));
    assertEquals(end, tokenizer.eosToken().orElseThrow());
    assertEquals(end, ChatFormat.of(tokenizer).endToken());
    assertEquals(prompt, ChatFormat.of(tokenizer).responseTemplate());
  }

  @Test
  void withoutAFamilysTokensItIsThePlainOneAndSavedWithItsEos() throws IOException {
    Path saved = folder.resolve("saved");
    try (Warnings warnings = new Warnings(); Tokenizer tokenizer = bare("tiny", "{\"eos_token\": \"<|eos|>\"}")) {
      warnings.assertOne("the plain one");
      String text = tokenizer.applyChatTemplate(List.of(Message.user("Hi")), true);
      assertEquals("User: Hi\n\nAssistant:", text);
      tokenizer.save(saved);
      try (Tokenizer read = Tokenizer.fromPretrained(saved)) {
        assertEquals(tokenizer.chatTemplate().source(), read.chatTemplate().source());
        assertEquals(tokenizer.specialTokens(), read.specialTokens());
        warnings.assertOne("the plain one");
      }
    }
  }

  @Test
  void withoutAnyEndTokenTheWayOutIsNamed() throws IOException {
    try (Tokenizer tokenizer = bare("tiny", "{}")) {
      assertFalse(tokenizer.hasChatTemplate());
      String message = assertThrows(IllegalStateException.class, () -> DefaultChatTemplate.give(tokenizer))
        .getMessage();
      assertTrue(message.contains("neither <|endoftext|> nor an eos_token"), message);
      assertTrue(message.contains("addSpecialTokens(\"<|endoftext|>\")"), message);
      assertFalse(tokenizer.hasChatTemplate(), "nothing is half done");
      tokenizer.addSpecialTokens(EOT);
      DefaultChatTemplate.give(tokenizer);
      assertEquals(EOT, ChatFormat.of(tokenizer).endToken());
    }
  }

  @Test
  void anotherRoleIsRefusedByName() {
    try (Tokenizer tokenizer = family("qwen")) {
      DefaultChatTemplate.give(tokenizer);
      List<Message> chat = List.of(Message.user("Hi"), Message.of("reasoning", "hm"));
      String message = assertThrows(TemplateException.class, () -> tokenizer.applyChatTemplate(chat, false))
        .getMessage();
      assertTrue(message.contains("knows the roles system, user and assistant, not reasoning."), message);
    }
  }

  @Test
  void theDefaultModelHasTheTokenWithoutItsBeingEos() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)), "COLDSTART_GGUF does not name the default model's file");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf))) {
      assertEquals("<|im_end|>", tokenizer.eosToken().orElseThrow());
      DefaultChatTemplate.give(tokenizer);
      assertEquals(0, tokenizer.eosTokenId().orElseThrow());
      String text = tokenizer.applyChatTemplate(List.of(Message.assistant("Yes.")), false);
      assertEquals("Assistant: Yes. <|endoftext|>\n", text);
    }
  }

  @Test
  void eosMustBeATokenThatTextsCannotHold() {
    try (Tokenizer tokenizer = family("qwen")) {
      String none = refusal(tokenizer, "<|nothing|>");
      assertTrue(none.contains("cannot be the eos token: it is not a token"), none);
      String piece = refusal(tokenizer, tokenizer.idToToken(40));
      assertTrue(piece.contains("an ordinary piece of text"), piece);
      assertEquals("<|im_end|>", tokenizer.eosToken().orElseThrow());
    }
  }

  private static String refusal(Tokenizer tokenizer, String eos) {
    return assertThrows(IllegalArgumentException.class, () -> tokenizer.setEosToken(eos)).getMessage();
  }
}
