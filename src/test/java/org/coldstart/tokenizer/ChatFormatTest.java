package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What surrounds a turn is found in templates of many families and of every shape. */
class ChatFormatTest {

  private static final String TURNS = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";

  @TempDir
  Path folder;

  private static ChatFormat format(String family, String template) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family))) {
      if (template != null) {
        tokenizer.setChatTemplate(template);
      }
      return ChatFormat.of(tokenizer);
    }
  }

  private static void assertTokens(String start, String end, ChatFormat format) {
    assertEquals(start, format.startToken());
    assertEquals(end, format.endToken());
  }

  private static void assertMarks(ChatFormat format, String bos, String before, String after, String suffix,
      String assistant) {
    assertEquals(List.of(bos, before, after, suffix, assistant),
        List.of(format.bos(), format.beforeRole(), format.afterRole(), format.suffix(), format.assistant()));
  }

  @Test
  void thatOfTheFamilies() {
    ChatFormat qwen = format("qwen", null);
    assertMarks(qwen, "", "<|im_start|>", "\n", "<|im_end|>\n", "assistant");
    assertTokens("<|im_start|>", "<|im_end|>", qwen);
    assertEquals("<|im_start|>assistant\n", qwen.responseTemplate());
    ChatFormat gemma = format("gemma", null);
    assertMarks(gemma, "<bos>", "<start_of_turn>", "\n", "<end_of_turn>\n", "model");
    assertTokens("<start_of_turn>", "<end_of_turn>", gemma);
    assertEquals("<start_of_turn>model\n", gemma.responseTemplate());
  }

  /** It has no generation prompt and names no roles: ChatML stands in, with its own tokens. */
  @Test
  void thatOfLlama2() {
    ChatFormat llama2 = format("llama2", null);
    assertMarks(llama2, "", "<s>", "\n", "</s>\n", "assistant");
    assertTokens("<s>", "</s>", llama2);
    assertEquals("[/INST]", llama2.responseTemplate());
  }

  @Test
  void endIsTheFirstSpecialTokenBehindTheReply() {
    String template = "<|im_start|>{% for m in messages %}{{ m.role }}: {{ m.content }}<|quad_end|>\n"
        + "<|endoftext|>{% endfor %}";
    assertTokens("<|im_start|>", "<|quad_end|>", format("qwen", template));
  }

  @Test
  void aGenerationPromptMayReplaceWhatCloses() {
    String template = "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}"
        + "<|box_start|>{% else %}<|endoftext|>{% endif %}";
    assertTokens("<|box_start|>", "<|endoftext|>", format("qwen", template));
  }

  @Test
  void withoutATokenBehindTheReplyItIsEos() {
    String template = "{% for m in messages %}<|quad_start|>{{ m.role }}: {{ m.content }}\n{% endfor %}";
    ChatFormat format = format("qwen", template);
    assertTokens("<|quad_start|>", "<|im_end|>", format);
    assertMarks(format, "", "<|quad_start|>", "\n", "<|im_end|>\n", "assistant");
  }

  @Test
  void aHeaderMayBeClosedByATokenOfItsOwn() {
    String llama3 = "{{ '<|endoftext|>' }}{% for m in messages %}<|quad_start|>{{ m.role }}<|quad_end|>\n\n"
        + "{{ m.content | trim }}<|im_end|>{% endfor %}{% if add_generation_prompt %}"
        + "<|quad_start|>assistant<|quad_end|>\n\n{% endif %}";
    ChatFormat format = format("qwen", llama3);
    assertEquals("<|quad_start|>reasoning<|quad_end|>\n\n", format.prefix("reasoning"));
    assertEquals("<|im_end|>", format.suffix());
  }

  @Test
  void aDefaultSystemMessageIsNoPartOfATurn() {
    String smol = "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\n"
        + "You are the user's friend<|im_end|>\n{% endif %}{{ '<|im_start|>' + m.role + '\\n'"
        + " + m.content + '<|im_end|>\\n' }}{% endfor %}";
    ChatFormat format = format("qwen", smol);
    assertMarks(format, "", "<|im_start|>", "\n", "<|im_end|>\n", "assistant");
  }

  @Test
  void aTemplateOfOneRoundTakesChatMlWithItsOwnTokens() {
    ChatFormat format = format("qwen",
        "{% if messages|length > 2 %}{{ raise_exception('one round') }}{% endif %}" + TURNS);
    assertMarks(format, "", "<|im_start|>", "\n", "<|im_end|>\n", "assistant");
    assertEquals("<|im_start|>assistant\n", format.responseTemplate());
  }

  @Test
  void aTemplateThatRefusesEveryChatSaysWhy() {
    String message = assertThrows(TemplateException.class,
        () -> format("qwen", "{{ raise_exception('not for chats') }}"))
      .getMessage();
    assertTrue(message.contains("not for chats"), message);
  }

  @Test
  void aBaseModelHasNone() throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      String message = assertThrows(IllegalStateException.class, () -> ChatFormat.of(tokenizer)).getMessage();
      assertTrue(message.contains("no chat template"), message);
      tokenizer.setChatTemplate("{% for m in messages %}{{ m.content }} {% endfor %}");
      message = assertThrows(IllegalStateException.class, () -> ChatFormat.of(tokenizer)).getMessage();
      assertTrue(message.contains("no eos_token"), message);
    }
  }

  @Test
  void aGenerationPromptThatOpensMoreThanEveryReplyHasIsCut() {
    String thinking = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", TURNS + thinking));
    String boxed = TURNS.replace("{{ m.content", "<|box_start|>{{ m.content");
    assertEquals("<|im_start|>assistant\n", of("qwen", boxed + thinking), "no half of a token");
  }

  @Test
  void whatAReplyHasBeyondTheGenerationPromptIsTheReplys() {
    String template = "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        + "{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content" + " }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", template));
  }

  @Test
  void anEndThatStandsOnlyBehindTheLastTurnIsNotPartOfIt() {
    String template = TURNS + "{% if add_generation_prompt %}<|im_start|>assistant\n"
        + "{% else %}<|endoftext|>{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", template));
  }

  @Test
  void withoutAGenerationPromptTheResponseTemplateIsWhatStandsInFrontOfTheReply() {
    assertEquals("<|im_start|>assistant\n", of("qwen", TURNS));
    String words = "{% for m in messages %}### {{ 'Instruction' if m.role == 'user' else 'Response' }}:\n"
        + "{{ m.content }}\n\n{% endfor %}";
    assertEquals("### Response:\n", of("qwen", words));
    assertEquals("### Response:\n", of("qwen", words + "{% if add_generation_prompt %}### Response:\n{% endif %}"));
  }

  @Test
  void aTemplateWithNothingInFrontOfAReplyHasNoResponseTemplate() {
    String message = assertThrows(IllegalStateException.class,
        () -> of("qwen", "{% for m in messages %}{{ m.content }}\n{% endfor %}"))
      .getMessage();
    assertTrue(message.contains("nothing in front of a reply"), message);
  }

  @Test
  void publicTemplatesHaveOneThatStandsInFrontOfTheReply() throws IOException {
    String shared = System.getProperty("COLDSTART_SHARED", System.getenv("COLDSTART_SHARED"));
    Path gold = Path.of(shared == null ? "../shared" : shared, "chat-templates", "gold.json");
    assumeTrue(Files.exists(gold), "optional local data is absent: " + gold);
    Map<String, String> sources = new LinkedHashMap<>();
    for (JsonElement element : Json.parse(Files.readString(gold)).getAsJsonArray()) {
      JsonObject test = element.getAsJsonObject();
      if (!test.get("name").getAsString().startsWith("F:")) {
        sources.put(test.get("name").getAsString(), test.get("src").getAsString());
      }
    }
    List<String> refused = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve("qwen"))) {
      sources.forEach((name, source) -> check(name, source, tokenizer, refused));
    }
    assertTrue(sources.size() - refused.size() >= 25, "refused: " + refused);
  }

  private static void check(String name, String source, Tokenizer tokenizer, List<String> refused) {
    tokenizer.setChatTemplate(source);
    String template;
    String text;
    try {
      template = ChatFormat.of(tokenizer).responseTemplate();
      text = tokenizer.applyChatTemplate(List.of(Message.user("微调测试"), Message.assistant("我学会了")), false);
    } catch (TemplateException | IllegalStateException e) {
      refused.add(name + ": " + e.getMessage());
      return;
    }
    System.out.println(name + ": " + template.replace("\n", "\\n"));
    int at = text.lastIndexOf(template);
    assertTrue(at > text.indexOf("微调测试"), name + ": " + template + " in " + text);
    assertTrue(text.indexOf("我学会了", at) > 0, name);
    assertFalse(template.contains("7f"), name);
  }

  @Test
  void aTemplateThatWritesNothingForATextIsToldAsThat() {
    try (Tokenizer tokenizer = Truth.tiny()) {
      tokenizer.setChatTemplate("{% for m in messages %}{% for p in m.content if p.type is defined %}{{ p.text }}{% endfor %}"
          + "{% endfor %}");
      String message = assertThrows(IllegalStateException.class, () -> ChatFormat.of(tokenizer)).getMessage();
      assertTrue(message.contains("writes nothing for a question whose content is text"), message);
    }
  }

  private static String of(String family, String template) {
    return format(family, template).responseTemplate();
  }
}
