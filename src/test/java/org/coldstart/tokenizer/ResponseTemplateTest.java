package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.coldstart.io.jinja.TemplateException;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What opens a reply, in templates of many families. */
class ResponseTemplateTest {

  private static final String TURNS =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";

  @ParameterizedTest
  @CsvSource({
    "qwen, <|im_start|>assistant\\n",
    "gemma, <start_of_turn>model\\n",
    "llama2, [/INST]",
  })
  void isThatOfTheFamily(String family, String expected) {
    assertEquals(expected.replace("\\n", "\n"), of(family, null));
  }

  @Test
  void aGenerationPromptThatOpensMoreThanEveryReplyHasIsCut() {
    String thinking =
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", TURNS + thinking));
    String boxed = TURNS.replace("{{ m.content", "<|box_start|>{{ m.content");
    assertEquals("<|im_start|>assistant\n", of("qwen", boxed + thinking), "no half of a token");
  }

  @Test
  void whatAReplyHasBeyondTheGenerationPromptIsTheReplys() {
    String template =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
            + "{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content"
            + " }}<|im_end|>\n{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", template));
  }

  @Test
  void anEndThatStandsOnlyBehindTheLastTurnIsNotPartOfIt() {
    String template =
        TURNS
            + "{% if add_generation_prompt %}<|im_start|>assistant\n"
            + "{% else %}<|endoftext|>{% endif %}";
    assertEquals("<|im_start|>assistant\n", of("qwen", template));
  }

  @Test
  void withoutAGenerationPromptItIsWhatStandsInFrontOfTheReply() {
    assertEquals("<|im_start|>assistant\n", of("qwen", TURNS));
    String words =
        "{% for m in messages %}### {{ 'Instruction' if m.role == 'user' else 'Response' }}:\n"
            + "{{ m.content }}\n\n{% endfor %}";
    assertEquals("### Response:\n", of("qwen", words));
    assertEquals(
        "### Response:\n",
        of("qwen", words + "{% if add_generation_prompt %}### Response:\n{% endif %}"));
  }

  @Test
  void aTemplateWithNothingInFrontOfAReplyHasNone(@TempDir Path folder) throws IOException {
    String message =
        assertThrows(
                IllegalStateException.class,
                () -> of("qwen", "{% for m in messages %}{{ m.content }}\n{% endfor %}"))
            .getMessage();
    assertTrue(message.contains("nothing in front of a reply"), message);
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    try (Tokenizer base = Tokenizer.fromPretrained(folder)) {
      message =
          assertThrows(IllegalStateException.class, () -> ResponseTemplate.of(base)).getMessage();
      assertTrue(message.contains("no chat template"), message);
    }
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

  private static void check(
      String name, String source, Tokenizer tokenizer, List<String> refused) {
    tokenizer.setChatTemplate(source);
    String template;
    String text;
    try {
      template = ResponseTemplate.of(tokenizer);
      text =
          tokenizer.applyChatTemplate(
              List.of(Message.user("微调测试"), Message.assistant("我学会了")), false);
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

  private static String of(String family, String template) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family))) {
      if (template != null) {
        tokenizer.setChatTemplate(template);
      }
      return ResponseTemplate.of(tokenizer);
    }
  }
}
