package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.coldstart.fixture.Marked;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.json.Json;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masks small enough to read: what stands in brackets carries loss. */
class LossOnTest {
  private static final Conversation CHAT = Conversation.of(Message.system("Be brief."), Message.user("Hi"),
      Message.assistant("Hello."), Message.user("2 + 2?"), Message.assistant("4"));

  private static final String REASONING = "{% for m in messages %}{% if m.role == 'reasoning' %}{{ '<|reasoning|>\\n'"
      + " }}{% else %}{{ '<|bos|>' + m.role + '\\n' }}{% endif %}{{ m.content + '<|eos|>\\n'"
      + " }}{% endfor %}{% if add_reasoning_generation_prompt %}{{ '<|reasoning|>\\n'"
      + " }}{% endif %}{% if add_assistant_generation_prompt %}{{ '<|bos|>assistant\\n'" + " }}{% endif %}";

  private final Tokenizer tokenizer = TinyTokenizer.chat();

  @TempDir
  Path folder;

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private String mask(LossOn loss, Sample sample) {
    return Marked.text(tokenizer, new ExampleBuilder(tokenizer).lossOn(loss).build(1, sample));
  }

  private String refusal(LossOn loss, Sample sample) {
    return assertThrows(DataException.class, () -> new ExampleBuilder(tokenizer).lossOn(loss).build(7, sample))
      .getMessage();
  }

  @Test
  void allAssistantTurnsWithTheirEndTokens() {
    String expected = "<|bos|>system\nBe brief.<|eos|>\n" + "<|bos|>user\nHi<|eos|>\n"
        + "<|bos|>assistant\n[Hello.<|eos|>]\n" + "<|bos|>user\n2 + 2?<|eos|>\n" + "<|bos|>assistant\n[4<|eos|>]\n";
    assertEquals(expected, mask(LossOn.assistantTurns(), CHAT));
    assertEquals(expected, mask(LossOn.completions(), CHAT));
    assertEquals(expected, mask(LossOn.between("<|bos|>user\n", "<|bos|>assistant\n"), CHAT));
  }

  /** As Gemma's and Llama 2's templates do: alone, the system message is not written at all. */
  @Test
  void aSystemMessageFoldedIntoTheFirstTurn() {
    tokenizer
      .setChatTemplate("{% set first = '' %}{% set turns = messages %}{% if messages[0].role == 'system' %}{% set"
          + " first = messages[0].content + '\n\n' %}{% set turns = messages[1:] %}{% endif"
          + " %}{% for m in turns %}{{ '<|bos|>' + ('model' if m.role == 'assistant' else"
          + " m.role) + '\n' + (first if loop.first else '') + m.content + '<|eos|>\n' }}{%"
          + " endfor %}{% if add_generation_prompt %}{{ '<|bos|>model\n' }}{% endif %}");
    String expected = "<|bos|>user\nBe brief.\n\nHi<|eos|>\n" + "<|bos|>model\n[Hello.<|eos|>]\n"
        + "<|bos|>user\n2 + 2?<|eos|>\n" + "<|bos|>model\n[4<|eos|>]\n";
    assertEquals(expected, mask(LossOn.assistantTurns(), CHAT));
    assertEquals(expected, mask(LossOn.between("<|bos|>user\n", "<|bos|>model\n"), CHAT));
    assertEquals(expected.replace("[Hello.<|eos|>]", "Hello.<|eos|>"), mask(LossOn.after("<|bos|>model\n"), CHAT));
  }

  /** Its second turn opened is not the first eleven messages rendered. */
  @Test
  void aRoleMayBeginWithADigit() {
    List<Message> messages = new ArrayList<>(List.of(Message.user("Hi"), Message.of("1", "one")));
    while (messages.size() < 11) {
      messages.add(Message.user("more"));
    }
    String marked = mask(LossOn.roles("1"), new Conversation(messages));
    assertTrue(marked.startsWith("<|bos|>user\nHi<|eos|>\n<|bos|>1\n[one<|eos|>]\n"), marked);
  }

  /** A closing tag that is a token of its own ends no turn alone. */
  @Test
  void severalEndTokensInARow() {
    tokenizer.addSpecialTokens("<|end|>");
    tokenizer.setChatTemplate("{% for m in messages %}{{ '<|bos|>' + m.role + '\n' + m.content + '<|end|><|eos|>\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|bos|>assistant\n' }}{% endif %}");
    assertEquals("<|bos|>user\nHi<|end|><|eos|>\n<|bos|>assistant\n[Hello.<|end|><|eos|>]\n",
        mask(LossOn.assistantTurns(), Conversation.of(Message.user("Hi"), Message.assistant("Hello."))));
  }

  @Test
  void anEndTokenOutsideOfTheBlockIsMissedWhateverTheContentHolds() {
    tokenizer.addSpecialTokens("<|end|>");
    tokenizer.setChatTemplate("{% for m in messages %}{{ '<|bos|>' + m.role + '\n' }}{% generation %}{{ m.content }}{%"
        + " endgeneration %}{{ '<|eos|>\n' }}{% endfor %}");
    String message = refusal(LossOn.assistantTurns(),
        Conversation.of(Message.user("Hi"), Message.assistant("A <|end|> and more.")));
    assertTrue(message.contains("would not learn to stop"), message);
  }

  @Test
  void onlyTheCompletionOfAPrompt() {
    String marked = mask(LossOn.completions(), new Conversation(CHAT.messages(), 4));
    assertTrue(marked.contains("assistant\nHello.<|eos|>\n"), marked);
    assertTrue(marked.endsWith("assistant\n[4<|eos|>]\n"), marked);
    assertEquals(marked, mask(LossOn.after("assistant\n"), CHAT));
  }

  @Test
  void everythingOrGivenRoles() {
    assertEquals("[<|bos|>user\nHi<|eos|>\n]", mask(LossOn.everything(), Conversation.of(Message.user("Hi"))));
    assertTrue(mask(LossOn.roles("user"), CHAT).contains("<|bos|>user\n[2 + 2?<|eos|>]\n<|bos|>ass"));
    assertTrue(refusal(LossOn.roles("tool"), CHAT).startsWith("Row 7: no token carries loss"));
  }

  @Test
  void reasoningAndAnswerAsOneTokenOrAsText() {
    Conversation chat = Conversation.of(Message.user("2 + 2?"), Message.of("reasoning", "two and two"),
        Message.assistant("4"), Message.user("Sure?"), Message.of("reasoning", "yes"), Message.assistant("Yes."));
    String expected = "<|bos|>user\n" + "2 + 2?<|eos|>\n" + "<|reasoning|>\n" + "[two and two<|eos|>]\n"
        + "<|bos|>assistant\n" + "[4<|eos|>]\n" + "<|bos|>user\n" + "Sure?<|eos|>\n" + "<|reasoning|>\n"
        + "[yes<|eos|>]\n" + "<|bos|>assistant\n" + "[Yes.<|eos|>]\n";
    LossOn loss = LossOn.roles("reasoning", "assistant");
    tokenizer.setChatTemplate(REASONING);
    assertEquals(expected, mask(loss, chat));
    tokenizer.addSpecialTokens("<|reasoning|>");
    assertEquals(expected, mask(loss, chat));
    tokenizer.setChatTemplate(REASONING.replace("add_reasoning_generation_prompt", "false"));
    assertEquals(expected, mask(loss, chat), "found by where the content begins");
  }

  @Test
  void theEndTokenIsTheTemplatesNotEos() {
    tokenizer.addSpecialTokens("<end_of_turn>");
    tokenizer.setChatTemplate(TinyTokenizer.CHATML.replace("<|eos|>", "<end_of_turn>"));
    assertTrue(mask(LossOn.assistantTurns(), CHAT).endsWith("assistant\n[4<end_of_turn>]\n"),
        "the tokenizer's eos is <|eos|>");
  }

  @Test
  void padEqualToEosTakesNoEosFromTheLoss() {
    assertEquals(tokenizer.padTokenId(), tokenizer.eosTokenId());
    Example example = new ExampleBuilder(tokenizer).build(1, CHAT);
    int eos = tokenizer.eosTokenId().getAsInt();
    assertEquals(2, IntStream.of(example.keptIds()).filter(id -> id == eos).count());
    assertEquals(5, IntStream.of(example.ids()).filter(id -> id == eos).count());
  }

  @Test
  void whatAMessageSaysIsNeverTakenForTheResponseTemplate() {
    Conversation sly = Conversation.of(Message.user("Say <|bos|>assistant\nYes<|eos|>"),
        Message.assistant("No, <|bos|>assistant\nno."), Message.user("<|bos|>assistant\n"));
    String expected = "assistant\n[No, <|bos|>assistant\nno.<|eos|>]\n<|bos|>user\n";
    assertTrue(mask(LossOn.after("<|bos|>assistant\n"), sly).contains(expected));
    assertTrue(mask(LossOn.between("x", "<|bos|>assistant\n"), sly).contains(expected));
  }

  @Test
  void plainTextWithResponseTemplates() {
    Text text = Text.of("### Q: a\n### A: b\n### Q: c\n### A: d");
    assertEquals("<|bos|>### Q: a\n### A: b\n### Q: c\n### A:[ d<|eos|>]", mask(LossOn.after("### A:"), text));
    assertEquals("<|bos|>### Q: a\n### A:[ b\n]### Q: c\n### A:[ d<|eos|>]",
        mask(LossOn.between("### Q:", "### A:"), text));
    assertEquals(
        "Row 7: the response template '### B:\\n"
            + "' is not in the row; write it exactly as the rendered text has it.",
        refusal(LossOn.after("### B:\n"), text));
    assertTrue(refusal(LossOn.between("###Q", "### A:"), text).contains("instruction template"));
    assertTrue(refusal(LossOn.after("### A:"), CHAT).contains("'### A:' is not in the row"));
  }

  @Test
  void renderedTextAndMessagesGiveTheSameExample() {
    Example chat = new ExampleBuilder(tokenizer).build(1, CHAT);
    String rendered = tokenizer.applyChatTemplate(CHAT.messages(), false);
    Example text = new ExampleBuilder(tokenizer).lossOn(LossOn.between("<|bos|>user\n", "<|bos|>assistant\n"))
      .build(1, Text.of(rendered));
    assertArrayEquals(chat.ids(), text.ids(), "neither bos nor eos is doubled");
    assertArrayEquals(chat.mask(), text.mask());
  }

  @Test
  void textsGetBosAndEosOnce() {
    assertEquals("[<|bos|>Hello<|eos|>]", mask(LossOn.everything(), Text.of("Hello")));
    assertEquals("<|bos|>[Hello<|eos|>]", mask(LossOn.completions(), Text.of("Hello")));
    assertEquals("[<|bos|>Hello<|eos|>]", mask(LossOn.everything(), Text.of("<|bos|>Hello<|eos|>")));
    assertEquals("<|bos|>Hi:[ there<|eos|>]", mask(LossOn.completions(), new Text("Hi:", " there")));
    assertTrue(refusal(LossOn.completions(), new Text("Hi", "")).startsWith("Row 7: "));
    assertTrue(refusal(LossOn.assistantTurns(), Text.of("Hi")).contains("no turns"));
  }

  @Test
  void generationBlocksSayWhatIsLearnt() {
    String template = "{% for m in messages %}<|bos|>{% if m.role == 'assistant' %}A:{% generation %}{{ m.content"
        + " }}<|eos|>{% endgeneration %}{% else %}{{ m.content }}<|eos|>{% endif %}{% endfor" + " %}";
    tokenizer.setChatTemplate(template);
    assertEquals(
        "<|bos|>Be brief.<|eos|><|bos|>Hi<|eos|><|bos|>A:[Hello.<|eos|>]<|bos|>2 +" + " 2?<|eos|><|bos|>A:[4<|eos|>]",
        mask(LossOn.assistantTurns(), CHAT));
    tokenizer.setChatTemplate(template.replace("<|eos|>{% endgeneration %}", "{% endgeneration %}<|eos|>"));
    assertTrue(refusal(LossOn.assistantTurns(), CHAT).contains("no token that ends it"));
  }

  @Test
  void aConversationWithoutAReplyOrWithAnEmptyOneIsRefused() {
    assertTrue(refusal(LossOn.assistantTurns(), Conversation.of(Message.user("Hi")))
      .startsWith("Row 7: no token carries loss"));
    assertEquals("Row 7: turn 2 (assistant) is empty.",
        refusal(LossOn.completions(), PromptCompletion.of("Hi", " \n")));
  }

  @Test
  void aHistoryThatIsRenderedDifferentlyIsFoundInTheText() {
    tokenizer.setChatTemplate("{% for m in messages %}<|bos|>{{ m.role }}\n"
        + "{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}{{ m.content"
        + " }}<|eos|>{% endfor %}{% if add_generation_prompt %}<|bos|>assistant\n" + "{% endif %}");
    String all = mask(LossOn.assistantTurns(), CHAT);
    assertTrue(all.contains("assistant\n[Hello.<|eos|>]"), all);
    assertTrue(all.endsWith("assistant\n[<think></think>4<|eos|>]"), all);
    String last = mask(LossOn.completions(), new Conversation(CHAT.messages(), 4));
    assertTrue(last.endsWith("assistant\n[<think></think>4<|eos|>]"), last);
  }

  @Test
  void aTemplateThatChangesTheContentIsRefusedWithAWayOut() {
    tokenizer.setChatTemplate("{% for m in messages %}<|bos|>{{ m.role }}\n{{ m.content | upper if m.content | length < 7"
        + " else m.content }}{{ m.content | length }}<|eos|>{% endfor %}");
    String refusal = refusal(LossOn.assistantTurns(), CHAT);
    assertTrue(refusal.contains("depending on its content") && refusal.contains("setChatTemplate"), refusal);
  }

  @Test
  void aTurnOfWeightZeroCarriesNoLoss() {
    List<Message> messages = new ArrayList<>(CHAT.messages());
    messages.set(2, messages.get(2).with("weight", 0L));
    messages.set(4, messages.get(4).with("weight", 1L));
    Conversation chat = new Conversation(messages);
    String rest = "<|bos|>user\n2 + 2?<|eos|>\n<|bos|>assistant\n[4<|eos|>]\n";
    for (LossOn loss : List.of(LossOn.assistantTurns(), LossOn.completions(), LossOn.roles("assistant"),
        LossOn.between("user\n", "assistant\n"))) {
      String marked = mask(loss, chat);
      assertTrue(marked.endsWith("assistant\nHello.<|eos|>\n" + rest), marked);
    }
    assertTrue(mask(LossOn.everything(), chat).contains("<|bos|>assistant\n]Hello.<|eos|>[\n"));
    messages.set(4, messages.get(4).with("weight", 0));
    assertTrue(refusal(LossOn.assistantTurns(), new Conversation(messages)).contains("no token carries loss"));
    messages.set(4, messages.get(4).with("weight", 0.5));
    assertTrue(refusal(LossOn.assistantTurns(), new Conversation(messages)).contains("0.5"));
  }

  @Test
  void theFirstReplyFollowsTheIdsThatGenerationMeets() {
    Random random = new Random(3);
    String[] pieces = {"\n", "\n\n", " ", "  ", "a", "the ", "<|eos|>", "12", "微", "🧠", "\t", "assistant", "é"};
    for (int run = 0; run < 300; run++) {
      List<Message> messages = new ArrayList<>();
      for (int i = 0; i < 2 + 2 * random.nextInt(3); i++) {
        StringBuilder content = new StringBuilder();
        random.ints(1 + random.nextInt(6), 0, pieces.length).forEach(p -> content.append(pieces[p]));
        messages.add(Message.of(i % 2 == 0 ? "user" : "assistant", content + "x"));
      }
      Example example = new ExampleBuilder(tokenizer).build(1, new Conversation(messages));
      String prompt = tokenizer.applyChatTemplate(messages.subList(0, 1), true);
      int[] asked = tokenizer.encode(prompt, false).ids();
      assertArrayEquals(asked, Arrays.copyOf(example.ids(), asked.length));
      assertEquals(asked.length, IntStream.range(0, 999).filter(t -> example.mask()[t]).findFirst().getAsInt());
      assertEquals(tokenizer.applyChatTemplate(messages, false), tokenizer.decode(example.ids()));
      StringBuilder learnt = new StringBuilder();
      messages.stream()
        .filter(m -> m.role().equals("assistant"))
        .forEach(m -> learnt.append(m.content()).append("<|eos|>"));
      assertEquals(learnt.toString(), tokenizer.decode(example.keptIds()));
    }
  }

  @Test
  void anEndTokenThatSwallowsTheLineFeedIsStillLearnt() throws IOException {
    JsonObject json = Json.parse(Files.readString(Path.of("src/test/resources/tokenizer/tiny/tokenizer.json")))
      .getAsJsonObject();
    for (JsonElement token : json.getAsJsonArray("added_tokens")) {
      token.getAsJsonObject().addProperty("rstrip", true);
    }
    Files.writeString(folder.resolve("tokenizer.json"), json.toString());
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"<|eos|>\"}");
    try (Tokenizer greedy = Tokenizer.fromPretrained(folder)) {
      greedy.setChatTemplate(TinyTokenizer.CHATML);
      Example example = new ExampleBuilder(greedy).build(1, CHAT);
      String whole = greedy.applyChatTemplate(CHAT.messages(), false);
      assertArrayEquals(greedy.encode(whole, false).ids(), example.ids());
      assertEquals("Hello.<|eos|>4<|eos|>", greedy.decode(example.keptIds()));
    }
  }
}
