package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.coldstart.io.jinja.TemplateException;
import org.junit.jupiter.api.Test;

/** What surrounds a turn is found in templates of every shape. */
class TurnMarksTest {

  private static TurnMarks of(String family, String template) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family))) {
      if (template != null) {
        tokenizer.setChatTemplate(template);
      }
      return TurnMarks.of(tokenizer);
    }
  }

  @Test
  void chatMlAndGemma() {
    assertEquals(
        new TurnMarks("", "<|im_start|>", "\n", "<|im_end|>\n", "assistant"), of("qwen", null));
    assertEquals(
        new TurnMarks("<bos>", "<start_of_turn>", "\n", "<end_of_turn>\n", "model"),
        of("gemma", null));
  }

  @Test
  void aHeaderMayBeClosedByATokenOfItsOwn() {
    String llama3 =
        "{{ '<|endoftext|>' }}{% for m in messages %}<|quad_start|>{{ m.role }}<|quad_end|>\n\n"
            + "{{ m.content | trim }}<|im_end|>{% endfor %}{% if add_generation_prompt %}"
            + "<|quad_start|>assistant<|quad_end|>\n\n{% endif %}";
    TurnMarks marks = of("qwen", llama3);
    assertEquals("<|quad_start|>reasoning<|quad_end|>\n\n", marks.header("reasoning"));
    assertEquals("<|im_end|>", marks.end());
  }

  @Test
  void aDefaultSystemMessageIsNoPartOfATurn() {
    String smol =
        "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\n"
            + "You are the user's friend<|im_end|>\n{% endif %}{{ '<|im_start|>' + m.role + '\\n'"
            + " + m.content + '<|im_end|>\\n' }}{% endfor %}";
    assertEquals(of("qwen", null), of("qwen", smol));
  }

  @Test
  void aTemplateWithoutRolesTakesChatMlWithItsOwnTokens() {
    assertEquals(new TurnMarks("", "<s>", "\n", "</s>\n", "assistant"), of("llama2", null));
  }

  @Test
  void aTurnThatNothingEndsIsNotImitated() {
    String plain =
        "{% for m in messages %}<|quad_start|>{{ m.role }}: {{ m.content }}\n{% endfor %}";
    assertEquals(
        new TurnMarks("", "<|quad_start|>", "\n", "<|im_end|>\n", "assistant"), of("qwen", plain));
  }

  @Test
  void withoutATemplateThereAreNone() {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Truth.RESOURCES.resolve("qwen"))) {
      tokenizer.setChatTemplate("{{ raise_exception('not for chats') }}");
      String message =
          assertThrows(TemplateException.class, () -> TurnMarks.of(tokenizer)).getMessage();
      assertTrue(message.contains("not for chats"), message);
    }
  }
}
