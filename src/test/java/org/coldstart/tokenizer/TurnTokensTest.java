package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TurnTokensTest {

  @ParameterizedTest
  @CsvSource({"qwen, <|im_start|>, <|im_end|>", "gemma, <start_of_turn>, <end_of_turn>"})
  void areThoseOfTheTemplate(String family, String start, String end) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family))) {
      assertEquals(new TurnTokens(start, end), TurnTokens.of(tokenizer));
    }
  }

  @Test
  void aTemplateWithoutGenerationPromptOpensWithItsFirstToken() {
    assertEquals(new TurnTokens("<s>", "</s>"), of("llama2", null));
  }

  @Test
  void endIsTheFirstSpecialTokenBehindTheReply() {
    String template =
        "<|im_start|>{% for m in messages %}{{ m.role }}: {{ m.content }}<|quad_end|>\n"
            + "<|endoftext|>{% endfor %}";
    assertEquals(new TurnTokens("<|im_start|>", "<|quad_end|>"), of("qwen", template));
  }

  @Test
  void aGenerationPromptMayReplaceWhatCloses() {
    String template =
        "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}"
            + "<|box_start|>{% else %}<|endoftext|>{% endif %}";
    assertEquals(new TurnTokens("<|box_start|>", "<|endoftext|>"), of("qwen", template));
  }

  @Test
  void withoutATokenBehindTheReplyItIsEos() {
    String template =
        "{% for m in messages %}<|quad_start|>{{ m.role }}: {{ m.content }}\n{% endfor %}";
    assertEquals(new TurnTokens("<|quad_start|>", "<|im_end|>"), of("qwen", template));
  }

  @Test
  void aBaseModelHasNone(@TempDir Path folder) throws IOException {
    Files.copy(Truth.TINY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      String message =
          assertThrows(IllegalStateException.class, () -> TurnTokens.of(tokenizer)).getMessage();
      assertTrue(message.contains("no chat template"), message);
      tokenizer.setChatTemplate("{% for m in messages %}{{ m.content }} {% endfor %}");
      message =
          assertThrows(IllegalStateException.class, () -> TurnTokens.of(tokenizer)).getMessage();
      assertTrue(message.contains("no eos_token"), message);
    }
  }

  private static TurnTokens of(String family, String template) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family))) {
      if (template != null) {
        tokenizer.setChatTemplate(template);
      }
      return TurnTokens.of(tokenizer);
    }
  }
}
