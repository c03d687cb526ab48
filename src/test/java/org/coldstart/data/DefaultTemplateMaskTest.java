package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.coldstart.fixture.Marked;
import org.coldstart.tokenizer.DefaultChatTemplate;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tokens of a conversation carry loss under the template of base models. */
class DefaultTemplateMaskTest {
  private static final Conversation CHAT = Conversation.of(Message.system("Be brief."),
      Message.user("Say: Assistant: no"), Message.assistant("No."), Message.user("Why?"),
      Message.assistant("User: asked"));

  private static Tokenizer tokenizer(String family) {
    Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer").resolve(family));
    DefaultChatTemplate.give(tokenizer);
    return tokenizer;
  }

  @ParameterizedTest
  @CsvSource({"qwen, '', <|endoftext|>", "tiny, <|bos|>, <|eos|>"})
  void whatFollowsAssistantUpToTheEndTokenCarriesLoss(String family, String bos, String end) {
    try (Tokenizer tokenizer = tokenizer(family)) {
      ExampleBuilder builder = new ExampleBuilder(tokenizer);
      String marked = bos + "System: Be brief.\n\nUser: Say: Assistant: no\n\nAssistant:[ No. " + end
          + "]\nUser: Why?\n\nAssistant:[ User: asked " + end + "]\n";
      assertEquals(marked, Marked.text(tokenizer, builder.build(1, CHAT)));
      assertEquals(marked.replaceFirst("\\[(.*)\\](?s)(.*\\[)", "$1$2"),
          Marked.text(tokenizer,
              builder.lossOn(LossOn.after("Assistant:")).build(1, new Conversation(CHAT.messages()))),
          "the last turn alone");
    }
  }

  /** Where EOS also pads, the EOS of a reply still carries loss: only a place can be padding. */
  @ParameterizedTest
  @ValueSource(strings = {"qwen", "tiny", "llama2", "gemma"})
  void anEosThatAlsoPadsKeepsItsLoss(String family) {
    try (Tokenizer tokenizer = tokenizer(family)) {
      tokenizer.setPadToken(tokenizer.eosToken().orElseThrow());
      ExampleBuilder builder = new ExampleBuilder(tokenizer);
      Example brief = builder.build(1, PromptCompletion.of("Hi", "Yes."));
      Example longer = builder.build(2, PromptCompletion.of("Hi", "Yes. ".repeat(20)));
      long eos = tokenizer.eosTokenId().orElseThrow();
      Batch batch = Batch.of(List.of(brief, longer, builder.build(3, CHAT)));
      assertEquals(4, Arrays.stream(batch.labels()).filter(id -> id == eos).count());
      assertEquals(4, Arrays.stream(batch.inputIds()).filter(id -> id == eos).count());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen", "tiny", "llama2", "gemma"})
  void trainingMeetsThePromptAsGenerationDoes(String family) {
    try (Tokenizer tokenizer = tokenizer(family)) {
      List<Message> prompt = List.of(Message.system("Be brief."), Message.user("1+1-1?"));
      Example example = new ExampleBuilder(tokenizer).build(1,
          new PromptCompletion(prompt, Message.assistant("It is 1.")));
      int[] asked = tokenizer.encode(tokenizer.applyChatTemplate(prompt, true), false).ids();
      assertArrayEquals(asked, Arrays.copyOf(example.ids(), asked.length));
      assertTrue(example.mask()[asked.length]);
    }
  }

  @Test
  void conversationsThatCannotBeLearntFromAreNamed() {
    try (Tokenizer tokenizer = tokenizer("qwen")) {
      ExampleBuilder builder = new ExampleBuilder(tokenizer);
      assertEquals(
          "Row 4: no token carries loss, for there is no assistant turn to learn from, only" + " system, user.",
          refusal(builder, Message.system("Be brief."), Message.user("Hi")));
      assertEquals("Row 4: turn 2 (assistant) is empty.", refusal(builder, Message.user("Hi"), Message.assistant(" ")));
      String role = refusal(builder, Message.user("Hi"), Message.of("tool", "7"));
      assertTrue(role.startsWith("Row 4: ") && role.contains("not tool."), role);
    }
  }

  private static String refusal(ExampleBuilder builder, Message... messages) {
    return assertThrows(DataException.class, () -> builder.build(4, Conversation.of(messages))).getMessage();
  }
}
