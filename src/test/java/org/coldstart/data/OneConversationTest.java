package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The article's way from a conversation in a file to ids and mask, for templates of three kinds. */
class OneConversationTest {
  private static final Path TOKENIZERS = Path.of("src/test/resources/tokenizer");

  @TempDir
  Path folder;

  private static Tokenizer tokenizer(String family) {
    return Tokenizer.fromPretrained(TOKENIZERS.resolve(family));
  }

  private DataSet rows(String... lines) throws IOException {
    return DataSet.load(Files.writeString(folder.resolve("rows.jsonl"), String.join("\n", lines)).toString());
  }

  private static ExampleBuilder builder(Tokenizer tokenizer) {
    return new ExampleBuilder(tokenizer).lossOn(LossOn.after(ChatFormat.of(tokenizer).responseTemplate()));
  }

  private static Example article(Tokenizer tokenizer, DataSet rows) {
    return builder(tokenizer).build(rows, SampleFormatter.standard().toText(tokenizer), 1024).examples().get(0);
  }

  private static String text(Tokenizer tokenizer, Example example) {
    return tokenizer.decode(example.ids());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma", "qwen", "llama2"})
  void bothSpellingsOfTheArticleGiveTheSameIds(String family) {
    try (Tokenizer tokenizer = tokenizer(family)) {
      Example turns = article(tokenizer, DataSet.load("data/facts/one-conversation.jsonl"));
      Example messages = article(tokenizer, DataSet.load("data/facts/one-conversation-messages.jsonl"));
      assertArrayEquals(turns.ids(), messages.ids());
      assertArrayEquals(turns.mask(), messages.mask());
    }
  }

  @Test
  void gemmaGetsOneBosFromTemplateAndTokenizerAndOneEosBehindItsEndOfTurn() throws IOException {
    try (Tokenizer tokenizer = tokenizer("gemma")) {
      Example example = article(tokenizer, chat("a b", "c d"));
      assertEquals("<bos><start_of_turn>user\na b<end_of_turn>\n<start_of_turn>model\nc d<end_of_turn>\n<eos>",
          text(tokenizer, example));
      assertEquals("c d<end_of_turn>\n<eos>", tokenizer.decode(example.keptIds()));
    }
  }

  @Test
  void chatMlEndsWithItsEndTokenOnce() throws IOException {
    try (Tokenizer tokenizer = tokenizer("qwen")) {
      Example example = article(tokenizer, chat("a b", "c d"));
      assertEquals("<|im_start|>user\na b<|im_end|>\n<|im_start|>assistant\nc d<|im_end|>\n", text(tokenizer, example));
      assertEquals("c d<|im_end|>", tokenizer.decode(example.keptIds()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma", "qwen", "llama2"})
  void aFormattingFunctionThatWritesSpecialTokensItselfDoublesNone(String family) throws IOException {
    try (Tokenizer tokenizer = tokenizer(family)) {
      DataSet rows = chat("a b", "c d");
      SampleFormatter formatter = SampleFormatter.standard();
      Function<DataRow, Text> plain = formatter.toText(tokenizer);
      String bos = tokenizer.bosToken().orElse("");
      String eos = tokenizer.eosToken().orElseThrow();
      int[] expected = article(tokenizer, rows).ids();
      for (String end : List.of(eos, eos + "\n" + eos)) {
        for (String start : List.of("", bos, bos + bos)) {
          Text text = Text.of(start + plain.apply(rows.get(0)).completion() + end);
          int[] ids = builder(tokenizer).build(1, text).ids();
          assertEquals(count(tokenizer, expected, eos), count(tokenizer, ids, eos), family);
          assertEquals(count(tokenizer, expected, bos), count(tokenizer, ids, bos), family);
        }
      }
    }
  }

  private static long count(Tokenizer tokenizer, int[] ids, String token) {
    return token.isEmpty() ? 0 : IntStream.of(ids).filter(id -> id == tokenizer.id(token)).count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma", "qwen", "llama2"})
  void textAndMessagesLearnTheSameReply(String family) throws IOException {
    try (Tokenizer tokenizer = tokenizer(family)) {
      DataSet rows = chat("a b", "c d");
      int[] text = article(tokenizer, rows).keptIds();
      int[] chat = new ExampleBuilder(tokenizer).build(rows, 1024).examples().get(0).keptIds();
      int[] after = builder(tokenizer).build(rows, 1024).examples().get(0).keptIds();
      assertArrayEquals(chat, IntStream.of(text).limit(chat.length).toArray());
      assertArrayEquals(chat, after);
    }
  }

  @Test
  void aPromptThatBeginsTwiceLosesOneOfThem() {
    try (Tokenizer tokenizer = tokenizer("gemma")) {
      Example example = new ExampleBuilder(tokenizer).build(1, new Text("<bos><bos>a b", " c d<eos><eos>"));
      assertEquals("<bos>a b c d<eos>", text(tokenizer, example));
      assertEquals("c d<eos>", tokenizer.decode(example.keptIds()).strip());
    }
  }

  @Test
  void rowsThatCannotBeLearntAreNamedWithTheReason() throws IOException {
    try (Tokenizer tokenizer = tokenizer("gemma")) {
      assertRefused(tokenizer, "Row 2: the conversation ends with a turn of the user", turn("human", "a"));
      assertRefused(tokenizer, "Row 2: the conversation ends with a turn of the user",
          turn("human", "a") + "," + turn("assistant", "b") + "," + turn("human", "c"));
      assertRefused(tokenizer, "Row 2: turn 2 (assistant) is empty", turn("human", "a") + "," + turn("assistant", " "));
      assertRefused(tokenizer, "Row 2: turn 2 has the unknown role 'teacher'; known are",
          turn("human", "a") + "," + turn("teacher", "b"));
      assertRefused(tokenizer, "Row 2: Conversation roles must alternate",
          turn("human", "a") + "," + turn("human", "b") + "," + turn("assistant", "c"));
    }
  }

  private void assertRefused(Tokenizer tokenizer, String reason, String turns) throws IOException {
    DataSet rows = rows(line("a", "b"), "{\"conversation\": [" + turns + "]}");
    String message = assertThrows(DataException.class,
        () -> builder(tokenizer).build(rows, SampleFormatter.standard().toText(tokenizer), 99))
      .getMessage();
    assertTrue(message.startsWith(reason), message);
  }

  @Test
  void aResponseTemplateOfAnotherFamilyIsNamedWithTheRow() throws IOException {
    try (Tokenizer tokenizer = tokenizer("gemma")) {
      ExampleBuilder wrong = new ExampleBuilder(tokenizer).lossOn(LossOn.after("<|im_start|>assistant\n"));
      DataSet rows = chat("a", "b");
      for (Function<DataRow, ? extends Sample> format : List.of(SampleFormatter.standard().toText(tokenizer),
          SampleFormatter.standard())) {
        String message = assertThrows(DataException.class, () -> wrong.build(rows, format, 99)).getMessage();
        assertTrue(message.startsWith("Row 1: the response template '<|im_start|>assistant\\n' is not in the row"),
            message);
      }
    }
  }

  @Test
  void aResponseTemplateWithNothingBehindItIsRefused() {
    try (Tokenizer tokenizer = tokenizer("llama2")) {
      String message = assertThrows(DataException.class,
          () -> builder(tokenizer).build(3, Text.of("<s>[INST] a [/INST] </s>")))
        .getMessage();
      assertEquals("Row 3: no reply follows the response template '[/INST]'.", message);
    }
  }

  private static String turn(String role, String message) {
    return "{\"role\": \"%s\", \"message\": \"%s\"}".formatted(role, message);
  }

  private static String line(String human, String assistant) {
    return "{\"conversation\": [%s, %s]}".formatted(turn("human", human), turn("assistant", assistant));
  }

  private DataSet chat(String human, String assistant) throws IOException {
    return rows(line(human, assistant));
  }
}
