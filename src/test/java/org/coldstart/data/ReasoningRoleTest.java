package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.fixture.Marked;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations with a reasoning turn, small enough to read: what stands in brackets is learnt. */
class ReasoningRoleTest {

  private static final Conversation SUM = ReasoningRole.conversation("2 + 3?", "2 and 3", "5");
  private static final Map<String, ?> THINK = Map.of("add_reasoning_generation_prompt", true);
  private static final Map<String, ?> ANSWER = Map.of("add_assistant_generation_prompt", true);
  private static final Path FAMILIES = Path.of("src/test/resources/tokenizer");

  private final Tokenizer tokenizer = TinyTokenizer.chat();

  @TempDir
  Path folder;

  @BeforeEach
  void prepare() {
    ReasoningRole.prepareConversationTemplate(tokenizer);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private String mask(Conversation conversation) {
    return Marked.text(tokenizer, ReasoningRole.createAnswerMask(tokenizer, conversation));
  }

  @Test
  void theLossLiesOnReasoningAndAnswerWithTheirEndTokens() {
    String expected = "<|bos|>system\nYou are a helpful assistant<|eos|>\n" + "<|bos|>user\n2 + 3?<|eos|>\n"
        + "<|bos|><|reasoning|>\n[2 and 3<|eos|>]\n" + "<|bos|>assistant\n[5<|eos|>]\n";
    assertEquals(expected, mask(SUM), "as plain text");
    tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
    assertEquals(expected, mask(SUM), "as one token");
  }

  @Test
  void everyIdHasItsMark() {
    tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
    Example example = ReasoningRole.createAnswerMask(tokenizer,
        Conversation.of(Message.user("a"), Message.of("reasoning", "b"), Message.assistant("c")));
    int bos = tokenizer.id("<|bos|>");
    int eos = tokenizer.id("<|eos|>");
    int feed = tokenizer.encode("\n", false).ids()[0];
    int think = tokenizer.id("<|reasoning|>");
    int[] user = tokenizer.encode("user\n", false).ids();
    int[] assistant = tokenizer.encode("assistant\n", false).ids();
    int[] ids = joined(new int[] {bos}, user, tokenizer.encode("a", false).ids(), new int[] {eos, feed});
    int before = ids.length + 3;
    ids = joined(ids, new int[] {bos, think, feed}, tokenizer.encode("b", false).ids());
    ids = joined(ids, new int[] {eos, feed, bos}, assistant);
    int second = ids.length;
    ids = joined(ids, tokenizer.encode("c", false).ids(), new int[] {eos, feed});
    boolean[] mask = new boolean[ids.length];
    for (int t : new int[] {before, before + 1, second, second + 1}) {
      mask[t] = true;
    }
    assertArrayEquals(ids, example.ids());
    assertArrayEquals(mask, example.mask());
  }

  private static int[] joined(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  @Test
  void theTokenIsOneIdInTheVocabularyAndSeveralOutsideIt() {
    int[] pieces = tokenizer.encode(ReasoningRole.TOKEN, false).ids();
    int plain = ReasoningRole.createAnswerMask(tokenizer, SUM).length();
    assertTrue(pieces.length > 1);
    tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
    assertEquals(1, tokenizer.encode(ReasoningRole.TOKEN, false).size());
    Example whole = ReasoningRole.createAnswerMask(tokenizer, SUM);
    assertEquals(plain - whole.length(), pieces.length - 1);
  }

  @Test
  void severalRoundsAndRoundsWithoutReasoning() {
    Conversation rounds = Conversation.of(Message.user("Hi"), Message.assistant("Hello."), Message.user("2 + 3?"),
        Message.of("reasoning", "2 and 3"), Message.assistant("5"));
    assertEquals("<|bos|>user\nHi<|eos|>\n" + "<|bos|>assistant\n[Hello.<|eos|>]\n" + "<|bos|>user\n2 + 3?<|eos|>\n"
        + "<|bos|><|reasoning|>\n[2 and 3<|eos|>]\n" + "<|bos|>assistant\n[5<|eos|>]\n", mask(rounds));
  }

  @Test
  void eachPhaseIsOpenedWhereItsLossBegins() {
    List<Message> asked = SUM.messages().subList(0, 2);
    String think = tokenizer.applyChatTemplate(asked, false, THINK);
    assertTrue(think.endsWith("<|bos|><|reasoning|>\n"), think);
    List<Message> thought = SUM.messages().subList(0, 3);
    String answer = tokenizer.applyChatTemplate(thought, false, ANSWER);
    assertTrue(answer.endsWith("2 and 3<|eos|>\n<|bos|>assistant\n"), answer);
    assertEquals(answer, tokenizer.applyChatTemplate(thought, true), "the usual flag");
    Example example = ReasoningRole.createAnswerMask(tokenizer, SUM);
    int first = IntStream.range(0, 999).filter(t -> example.mask()[t]).findFirst().getAsInt();
    assertEquals(think, tokenizer.decode(Arrays.copyOf(example.ids(), first)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen", "gemma", "llama2", "tiny"})
  void everyFamilyLearnsTheSameParts(String family) {
    try (Tokenizer other = Tokenizer.fromPretrained(FAMILIES.resolve(family))) {
      String source = ReasoningRole.prepareConversationTemplate(other);
      assertEquals(source, ReasoningRole.prepareConversationTemplate(other), "a second call");
      for (boolean token : new boolean[] {false, true}) {
        if (token) {
          other.addSpecialTokens(ReasoningRole.TOKEN);
        }
        Example example = ReasoningRole.createAnswerMask(other, SUM);
        String kept = other.decode(example.keptIds(), true);
        assertEquals("2and35", kept.replace(" ", ""), family);
        long ends = IntStream.of(example.keptIds()).filter(other::isSpecial).count();
        assertEquals(2, ends, "end tokens of " + family);
      }
    }
  }

  @Test
  void whereRolesStandAsTokensTheTokenIsTheWholeMark() {
    tokenizer.setChatTemplate("{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|eos|>\n{% endfor %}");
    ReasoningRole.prepareConversationTemplate(tokenizer);
    assertTrue(mask(SUM).contains("<|eos|>\n<|reasoning|>\n[2 and 3<|eos|>]\n<|assistant|>\n[5"));
  }

  @Test
  void theTemplateIsSavedWithTheTokenizer() {
    tokenizer.save(folder);
    try (Tokenizer again = Tokenizer.fromPretrained(folder)) {
      assertEquals(tokenizer.applyChatTemplate(SUM.messages(), false, THINK),
          again.applyChatTemplate(SUM.messages(), false, THINK));
    }
  }

  @Test
  void bracesAndQuotesInAMessageAreData() {
    String sly = "{{ messages }} {% raw %} '\\n'";
    String text = tokenizer.applyChatTemplate(List.of(Message.user(sly)), false);
    assertEquals("<|bos|>user\n" + sly + "<|eos|>\n", text);
  }

  private void assertRefused(String message, Message... messages) {
    Conversation conversation = Conversation.of(messages);
    assertEquals(message,
        assertThrows(DataException.class, () -> ReasoningRole.createAnswerMask(tokenizer, conversation)).getMessage());
  }

  @Test
  void aConversationThatTeachesNothingIsRefusedInOneSentence() {
    Message question = Message.user("2 + 3?");
    assertRefused("Turn 2 has the unknown role 'narrator'; known are system, user, reasoning, assistant.", question,
        Message.of("narrator", "He thinks."), Message.assistant("5"));
    assertRefused("Turn 2 (reasoning) is empty.", question, Message.of("reasoning", " \n"), Message.assistant("5"));
    assertRefused("Turn 1 (user) is empty.", Message.user(""), Message.assistant("5"));
    assertRefused("Turn 2 (assistant) is empty.", question, new Message("assistant", null));
    assertRefused("Turn 2 (reasoning) has no assistant turn after it, so no answer to learn.", question,
        Message.of("reasoning", "2 and 3"));
    assertRefused("The conversation has no assistant turn to learn.", question);
  }

  @Test
  void theTemplateRefusesARoleItDoesNotKnow() {
    String message = assertThrows(TemplateException.class,
        () -> tokenizer.applyChatTemplate(List.of(Message.of("tool", "x")), false))
      .getMessage();
    assertEquals("Unknown role 'tool': the roles are system, user, reasoning and assistant.", message);
  }

  @Test
  void aRowIsNamedWithItsFault() {
    DataSet rows = DataSet
      .fromList(List.of(Map.of("q", "2 + 3?", "r", "2 and 3", "a", "5"), Map.of("q", "3 + 3?", "r", "", "a", "6")));
    ExampleBuilder builder = ReasoningRole.builder(tokenizer);
    String message = assertThrows(DataException.class,
        () -> builder.build(rows, row -> ReasoningRole.conversation(row, "q", "r", "a"), 99))
      .getMessage();
    assertEquals("Row 2: turn 3 (reasoning) is empty.", message);
    ExampleSet set = builder.build(rows.select(0, 1), row -> ReasoningRole.conversation(row, "q", "r", "a"), 99);
    assertArrayEquals(ReasoningRole.createAnswerMask(tokenizer, SUM).ids(), set.examples().get(0).ids());
  }
}
