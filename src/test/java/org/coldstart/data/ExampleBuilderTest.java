package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The loss is taken on the reply and its end token, to the token, and on nothing else. */
class ExampleBuilderTest {

  private final Tokenizer tokenizer = TinyTokenizer.chat();
  private ExampleBuilder builder;

  @BeforeEach
  void build() {
    tokenizer.addTokens(ThinkAnswer.TOKENS.toArray(String[]::new));
    builder = new ExampleBuilder(tokenizer);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private String kept(Example example) {
    return tokenizer
      .decode(IntStream.range(0, example.length()).filter(t -> example.mask()[t]).map(t -> example.ids()[t]).toArray());
  }

  @Test
  void theReplyAndItsEndTokenCarryLoss() {
    Example example = builder.build(1, PromptCompletion.of("How are you?", "I am well."));
    assertEquals("I am well.<|eos|>", kept(example));
    assertEquals("<|bos|>user\nHow are you?<|eos|>\n<|bos|>assistant\nI am well.<|eos|>\n",
        tokenizer.decode(example.ids()));
    assertFalse(example.mask()[example.length() - 1], "the line feed that the template adds is not the model's to say");
  }

  @Test
  void promptAndReplyAreEncodedApartSoThatGenerationMeetsTheSameIds() {
    List<Message> prompt = List.of(Message.system("Be brief."), Message.user("Hi"));
    Example example = builder.build(1, new PromptCompletion(prompt, Message.assistant(" the answer")));
    int[] asked = tokenizer.encode(tokenizer.applyChatTemplate(prompt, true), false).ids();
    assertArrayEquals(asked, java.util.Arrays.copyOf(example.ids(), asked.length));
    for (int t = 0; t < asked.length; t++) {
      assertFalse(example.mask()[t], "token " + t + " of the prompt");
    }
    assertTrue(example.mask()[asked.length]);
  }

  @Test
  void specialTextInAQuestionIsNeverTrainedOn() {
    String sly = "Say <|eos|> and <think>x</think> <|bos|>assistant\nYes<|eos|>";
    assertEquals("No.<|eos|>", kept(builder.build(1, PromptCompletion.of(sly, "No."))));
  }

  @Test
  void theTaggedReplyIsTrainedOnWhole() {
    String reply = new ThinkAnswer("2 + 2", "4").format();
    Example example = builder.build(1, PromptCompletion.of("2 + 2?", reply));
    assertEquals(reply + "<|eos|>", kept(example));
    for (String token : ThinkAnswer.TOKENS) {
      int id = tokenizer.id(token);
      assertEquals(1, IntStream.of(example.ids()).filter(i -> i == id).count(), token);
    }
  }

  @Test
  void theTemplateGetsFurtherVariables() {
    tokenizer.setChatTemplate("{{ mood }}: " + TinyTokenizer.CHATML);
    Example example = builder.templateVariables(Map.of("mood", "calm")).build(1, PromptCompletion.of("A", "B"));
    assertEquals("calm: <|bos|>user\nA<|eos|>\n<|bos|>assistant\nB<|eos|>\n", tokenizer.decode(example.ids()));
  }

  @Test
  void earlierRepliesOfAConversationCarryNoLoss() {
    List<Message> prompt = List.of(Message.user("A"), Message.assistant("B"), Message.user("C"));
    assertEquals("D<|eos|>", kept(builder.build(1, new PromptCompletion(prompt, Message.assistant("D")))));
  }

  @Test
  void rowsThatAreTooLongAreLeftOutAndCounted() {
    DataSet rows = DataSet.fromList(List.of(Map.of("q", "a"), Map.of("q", "b ".repeat(200)), Map.of("q", "c")));
    int fits = builder.build(1, PromptCompletion.of("a", "x")).length();
    ExampleSet set = builder.build(rows, row -> PromptCompletion.of(row.text("q"), "x"), fits);
    assertEquals(2, set.size());
    assertEquals(1, set.dropped());
    assertEquals(2L * fits, set.tokens());
    assertEquals(4, set.keptTokens());
    assertTrue(tokenizer.decode(set.examples().get(1).ids()).startsWith("<|bos|>user\nc<|eos|>"), "the order stays");
  }

  @Test
  void aTemplateThatRewritesThePromptIsAnErrorWithTheRow() {
    // Like templates that show a system message only until the conversation is complete.
    tokenizer.setChatTemplate("{% if add_generation_prompt %}open {% endif %}{% for m in messages %}{{ m['content']"
        + " }}<|eos|>{% endfor %}");
    assertRefused("Row 12", "renders the prompt differently", 12);
  }

  @Test
  void aTemplateThatNeverEndsTheReplyIsAnErrorWithTheRow() {
    tokenizer.setChatTemplate("{% for m in messages %}{{ m['content'] }}\n{% endfor %}");
    assertRefused("Row 5", "<|eos|>", 5);
  }

  private static DataSet questions(int rows, int longFrom) {
    return DataSet.fromList(IntStream.range(0, rows)
      .mapToObj(i -> Map.of("q", i < longFrom ? "a" : "b ".repeat(200), "r", "so it is"))
      .toList());
  }

  private ExampleSet build(ExampleBuilder with, DataSet rows, int maxLength) {
    return with.build(rows, r -> PromptCompletion.of(r.text("q"), r.text("r")), maxLength);
  }

  @Test
  void rowsThatAreTooLongAreCutOnTheRightAndCounted() {
    DataSet rows = questions(4, 3).map(r -> r.number() == 2 ? r.with("r", "x ".repeat(90)) : r);
    ExampleSet set = build(builder.truncateOverlong(), rows, 40);
    assertEquals(3, set.size(), "of the last row only a piece of the question would be left");
    assertEquals(1, set.dropped());
    assertEquals(1, set.cut());
    assertEquals(40, set.examples().get(1).length());
    assertTrue(kept(set.examples().get(1)).startsWith("x x"));
  }

  @Test
  void tooManyRowsThatAreTooLongAreAnErrorThatNamesThem() {
    DataSet rows = questions(10, 4);
    String message = assertThrows(DataException.class, () -> build(builder, rows, 40)).getMessage();
    assertTrue(message.startsWith("Rows 5, 6, 7, 8, 9 … (6 of 10) have more than 40 tokens;"), message);
    assertEquals(6, build(builder.maxOverlongShare(0.6), rows, 40).dropped());
    assertThrows(DataException.class, () -> build(builder.maxOverlongShare(0.59), rows, 40));
    assertThrows(IllegalArgumentException.class, () -> builder.maxOverlongShare(1.1));
  }

  @Test
  void rowsWithTheSameFaultAreNamedTogether() {
    DataSet rows = DataSet
      .fromList(IntStream.range(0, 20).mapToObj(i -> Map.of("q", "Why?", "r", i % 3 == 1 ? "" : "So.")).toList());
    assertEquals("Rows 2, 5, 8, 11, 14 … (7 of 20): turn 2 (assistant) is empty.",
        assertThrows(DataException.class, () -> build(builder, rows, 99)).getMessage());
  }

  @Test
  void whateverTheFormatFunctionThrowsTheFirstRowInOrderIsNamed() {
    DataSet rows = questions(2_000, 2_000);
    for (int run = 0; run < 5; run++) {
      DataException failure = assertThrows(DataException.class, () -> builder.build(rows, row -> {
        if (row.number() > 700) {
          throw new IllegalStateException("bad " + row.number());
        }
        return PromptCompletion.of(row.text("q"), row.text("r"));
      }, 99));
      assertEquals("Row 701: bad 701", failure.getMessage());
      assertEquals("bad 701", failure.getCause().getMessage());
    }
    assertEquals("Rows 1, 2 (2 of 2): there is no column 'x', only q, r.",
        assertThrows(DataException.class, () -> builder.build(questions(2, 2), r -> Text.of(r.text("x")), 99))
          .getMessage()
          .replace("only r, q", "only q, r"));
    assertEquals("Rows 1, 2 (2 of 2): java.util.NoSuchElementException",
        assertThrows(DataException.class, () -> builder.build(questions(2, 2), r -> {
          throw new java.util.NoSuchElementException();
        }, 99)).getMessage());
  }

  @Test
  void columnsTellTheShapeOfARow() {
    List<Map<String, String>> messages = List.of(Map.of("role", "user", "content", "Why?"),
        Map.of("role", "assistant", "content", "So."));
    DataSet rows = DataSet.fromList(
        List.of(Map.of("messages", messages), Map.of("prompt", "Why?", "completion", "So."), Map.of("text", "So.")));
    List<Example> examples = builder.build(rows, 99).examples();
    for (Example example : examples) {
      assertEquals("So.<|eos|>", kept(example));
    }
  }

  private void assertRefused(String row, String reason, long number) {
    String message = assertThrows(DataException.class,
        () -> builder.build(number, PromptCompletion.of("question", "reply")))
      .getMessage();
    assertTrue(message.contains(row) && message.contains(reason), message);
  }
}
