package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.coldstart.data.ReasoningRole;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.ReasoningChat.Phase;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two phases over one cache write what each would write alone. */
class ReasoningChatTest {

  private static final List<Message> NONE = List.of();
  private static Tokenizer tokenizer;
  private static CausalLm model;

  @TempDir
  Path folder;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.chat();
    tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
    ReasoningRole.prepareConversationTemplate(tokenizer);
    model = of("llama-untied");
  }

  private static CausalLm of(String fixture) {
    CausalLm made = ParityCase.of(fixture).model();
    made.resizeTokenEmbeddings(tokenizer);
    return made;
  }

  @AfterAll
  static void free() {
    model.close();
    tokenizer.close();
  }

  private static ReasoningChat chat(Sampling sampling, int maxNewTokens) {
    return new ReasoningChat(model, tokenizer, NONE, sampling, maxNewTokens);
  }

  /** The ids of the conversation as the template writes it, what was written put in as it is. */
  private static int[] prompt(List<TwoPhaseReply> before, String question, int[] reasoning) {
    List<int[]> parts = new ArrayList<>();
    for (TwoPhaseReply reply : before) {
      parts.add(ids("<|bos|>user\nHi<|eos|>\n<|bos|><|reasoning|>\n"));
      parts.add(content(reply.reasoning()));
      parts.add(ids("<|eos|>\n<|bos|>assistant\n"));
      parts.add(content(reply.answer()));
      parts.add(ids("<|eos|>\n"));
    }
    parts.add(ids("<|bos|>user\n" + question + "<|eos|>\n<|bos|><|reasoning|>\n"));
    if (reasoning != null) {
      parts.add(reasoning);
      parts.add(ids("<|eos|>\n<|bos|>assistant\n"));
    }
    return parts.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static int[] ids(String text) {
    return tokenizer.encode(text, false).ids();
  }

  private static int[] content(Generation part) {
    return Arrays.copyOf(part.ids(), part.ids().length - (part.ended() ? 1 : 0));
  }

  private static int[] alone(CausalLm lm, int[] prompt, int maxNewTokens) {
    return new Generator(lm, tokenizer).generate(List.of(prompt), Sampling.greedy(), maxNewTokens).get(0).ids();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "llama3-rope", "llama-kv1", "mistral-window", "qwen2-tied-window", "qwen3",
    "gemma", "gemma2", "gemma3"})
  void twoPhasesOverOneCacheWriteWhatOnePhaseWritesForTheSameIds(String fixture) {
    try (CausalLm lm = of(fixture);
        ReasoningChat chat = new ReasoningChat(lm, tokenizer, NONE, Sampling.greedy(), 12)) {
      TwoPhaseReply first = chat.reply("Hi");
      int[] asked = prompt(List.of(), "Hi", null);
      assertArrayEquals(alone(lm, asked, 12), first.reasoning().ids());
      int[] thought = prompt(List.of(), "Hi", content(first.reasoning()));
      assertArrayEquals(alone(lm, thought, 12), first.answer().ids());

      TwoPhaseReply second = chat.reply("2 + 3?");
      int[] again = prompt(List.of(first), "2 + 3?", null);
      assertArrayEquals(alone(lm, again, 12), second.reasoning().ids());
      int[] rethought = prompt(List.of(first), "2 + 3?", content(second.reasoning()));
      assertArrayEquals(alone(lm, rethought, 12), second.answer().ids());
    }
  }

  @Test
  void onlyWhatIsNewIsRead() {
    try (ReasoningChat chat = chat(Sampling.greedy(), 9)) {
      TwoPhaseReply first = chat.reply("Hi");
      int[] asked = prompt(List.of(), "Hi", null);
      int header = ids("<|eos|>\n<|bos|>assistant\n").length;
      assertEquals(asked.length, first.promptTokens());
      assertEquals(asked.length, first.readBefore());
      assertEquals(header + unread(first.reasoning()), first.readBetween());

      TwoPhaseReply second = chat.reply("2 + 3?");
      int[] again = prompt(List.of(first), "2 + 3?", null);
      int question = ids("<|eos|>\n<|bos|>user\n2 + 3?<|eos|>\n<|bos|><|reasoning|>\n").length;
      assertEquals(again.length, second.promptTokens());
      assertEquals(question + unread(first.answer()), second.readBefore());
      assertEquals(header + unread(second.reasoning()), second.readBetween());
    }
  }

  /** The last token of a phase that was cut off is written and not read yet. */
  private static int unread(Generation part) {
    return part.ended() ? 0 : 1;
  }

  /** The parity checkpoints' own end token is id 2, as is this tokenizer's EOS. */
  @ParameterizedTest
  @ValueSource(strings = {"<|eos|>", "<|pad|>"})
  void aPhaseEndsAtTheTemplatesEndTokenAndAtTheModels(String end) {
    try (Tokenizer other = TinyTokenizer.endingWith2(); CausalLm loud = of("llama-untied")) {
      other.setChatTemplate(TinyTokenizer.CHATML);
      other.addSpecialTokens(ReasoningRole.TOKEN);
      ReasoningRole.prepareConversationTemplate(other);
      int[] asked = prompt(List.of(), "Hi", null);
      int[] written = alone(loud, asked, 12);
      int id = other.id(end);
      makeLikelierThan(written[5], id, loud);
      try (ReasoningChat chat = new ReasoningChat(loud, other, NONE, Sampling.greedy(), 12)) {
        TwoPhaseReply reply = chat.reply("Hi");
        int[] content = content(reply.reasoning());
        assertTrue(reply.reasoning().ended());
        assertEquals(id, reply.reasoning().ids()[content.length]);
        assertArrayEquals(Arrays.copyOf(written, content.length), content);
        // Whichever token ended it, the history has the template's.
        int[] thought = prompt(List.of(), "Hi", content);
        assertEquals(thought.length - asked.length - content.length, reply.readBetween());
        TwoPhaseReply batched = new TwoPhaseGenerator(loud, other)
          .reply(List.of(List.of(Message.user("Hi"))), Sampling.greedy(), 12, 1)
          .get(0);
        assertEquals(reply.reasoning().text(), batched.reasoning().text());
        assertTrue(batched.reasoning().ended());
        assertArrayEquals(reply.answer().ids(), batched.answer().ids());
        int[] answer = reply.answer().ids();
        int[] unstopped = alone(loud, thought, 12);
        assertArrayEquals(Arrays.copyOf(unstopped, answer.length), answer);
      }
    }
  }

  private static void makeLikelierThan(int id, int other, CausalLm lm) {
    try (NDArray row = TorchOps.slice(lm.headWeight(), 0, id, 1); NDArray louder = row.mul(1.3)) {
      TorchOps.write(lm.headWeight(), louder, 0, other);
    }
  }

  @Test
  void theSameSeedWritesTheSameReplies() {
    Sampling warm = Sampling.temperature(1.5, 7);
    try (ReasoningChat chat = chat(warm, 8);
        ReasoningChat twin = chat(warm, 8);
        ReasoningChat other = chat(Sampling.temperature(1.5, 8), 8)) {
      String first = story(chat);
      assertEquals(first, story(twin));
      assertFalse(first.equals(story(other)));
      chat.reset();
      assertEquals(first, story(chat), "after a reset");
    }
  }

  private static String story(ReasoningChat chat) {
    StringBuilder story = new StringBuilder();
    for (String question : List.of("Hi", "2 + 3?")) {
      TwoPhaseReply reply = chat.reply(question);
      story.append(Arrays.toString(reply.reasoning().ids()));
      story.append(Arrays.toString(reply.answer().ids()));
    }
    return story.toString();
  }

  @Test
  void bothPhasesAreStreamed() {
    Map<Phase, StringBuilder> streamed = new EnumMap<>(Phase.class);
    try (ReasoningChat chat = chat(Sampling.temperature(3, 5), 15)) {
      TwoPhaseReply reply = chat.reply("Hi",
          (phase, piece) -> streamed.computeIfAbsent(phase, p -> new StringBuilder()).append(piece));
      assertEquals(reply.reasoning().text(), streamed.get(Phase.REASONING).toString());
      assertEquals(reply.answer().text(), streamed.get(Phase.ANSWER).toString());
    }
  }

  @Test
  void theHistoryIsKeptAndForgottenOnDemand() {
    try (ReasoningChat chat = chat(Sampling.greedy(), 5)) {
      TwoPhaseReply reply = chat.reply("Hi");
      assertEquals(List.of(Message.user("Hi"), Message.of("reasoning", reply.reasoning().text()),
          Message.assistant(reply.answer().text())), chat.history());
      chat.reset();
      assertEquals(NONE, chat.history());
      assertArrayEquals(reply.answer().ids(), chat.reply("Hi").answer().ids());
    }
    try (ReasoningChat chat = new ReasoningChat(model, tokenizer, Sampling.greedy(), 5)) {
      assertEquals(List.of(Message.system("You are a helpful assistant")), chat.history());
    }
  }

  @Test
  void aConversationThatFillsTheModelEndsWithTheClosingMessage() {
    int limit = model.config().maxPositionEmbeddings();
    try (ReasoningChat chat = chat(Sampling.greedy(), 1000)) {
      assertEquals(limit, chat.limit());
      String longQuestion = "a".repeat(limit);
      String message = assertThrows(ConversationTooLongException.class, () -> chat.reply(longQuestion)).getMessage();
      assertTrue(message.startsWith(ReasoningChat.CLOSING_MESSAGE), message);
      assertTrue(message.contains("no more than " + limit + " fit"), message);
      assertEquals(NONE, chat.history(), "nothing has happened");
    }
  }

  @Test
  void reasoningLeavesRoomForAnAnswer() {
    int limit = model.config().maxPositionEmbeddings();
    Sampling neverEnding = Sampling.temperature(1, 3);
    int header = ids("<|eos|>\n<|bos|>assistant\n").length;
    for (int spare = 1; spare <= 4; spare++) {
      String question = "a";
      while (limit - header - prompt(List.of(), question, null).length > spare) {
        question += "\n"; // a token each
      }
      String asked = question;
      int room = limit - header - prompt(List.of(), asked, null).length;
      try (ReasoningChat chat = chat(neverEnding, 1000)) {
        if (room < 2) {
          assertThrows(ConversationTooLongException.class, () -> chat.reply(asked));
        } else {
          TwoPhaseReply reply = chat.reply(asked);
          assertTrue(reply.newTokens() >= 2 && reply.newTokens() <= room, reply + " of " + room);
          assertTrue(reply.answer().ids().length >= 1);
        }
      }
    }
  }

  @Test
  void theArticlesLimitHoldsForAModelThatSeesFarther() throws IOException {
    Path far = Files.createDirectories(folder.resolve("far"));
    for (String file : List.of("model.safetensors", "config.json", "generation_config.json")) {
      Path source = ParityCase.of("llama-untied").folder().resolve(file);
      if (Files.exists(source)) {
        Files.copy(source, far.resolve(file));
      }
    }
    String config = Files.readString(far.resolve("config.json"));
    Files.writeString(far.resolve("config.json"),
        config.replaceAll("\"max_position_embeddings\": *\\d+", "\"max_position_embeddings\": 131072"));
    try (CausalLm lm = CausalLm.fromPretrained(far)) {
      lm.resizeTokenEmbeddings(tokenizer);
      try (ReasoningChat chat = new ReasoningChat(lm, tokenizer, NONE, Sampling.greedy(), 2)) {
        assertEquals(32_000, chat.limit());
        assertThrows(ConversationTooLongException.class, () -> chat.reply("a b ".repeat(20_000)));
      }
    }
  }

  @Test
  void anInterruptedReplyIsNoPartOfTheHistory() {
    try (ReasoningChat chat = chat(Sampling.greedy(), 9)) {
      for (Phase stopped : Phase.values()) {
        TwoPhaseReply reply = chat.reply("Hi", (phase, piece) -> {
          if (phase == stopped) {
            Thread.currentThread().interrupt();
          }
        });
        assertEquals(Generation.Stop.INTERRUPTED, reply.answer().stop());
        assertEquals(stopped == Phase.REASONING, reply.reasoning().stop() == Generation.Stop.INTERRUPTED);
        assertEquals(NONE, chat.history());
        assertFalse(Thread.interrupted(), "the interrupt is consumed");
      }
      int[] asked = prompt(List.of(), "Hi", null);
      assertArrayEquals(alone(model, asked, 9), chat.reply("Hi").reasoning().ids());
    }
  }

  @Test
  void whatCannotBeAskedIsRefusedInOneSentence() {
    try (ReasoningChat chat = chat(Sampling.greedy(), 5)) {
      for (String blank : new String[] {null, "", " \n"}) {
        assertEquals("The question is empty.",
            assertThrows(IllegalArgumentException.class, () -> chat.reply(blank)).getMessage());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> chat(Sampling.greedy(), 0));
    Sampling many = Sampling.temperature(1, 0).withTopK(1 << 20);
    String tooMany = assertThrows(IllegalArgumentException.class, () -> chat(many, 5)).getMessage();
    assertTrue(tooMany.startsWith("topK is 1048576, but"), tooMany);
    try (Tokenizer plain = TinyTokenizer.chat()) {
      String message = assertThrows(IllegalArgumentException.class,
          () -> new ReasoningChat(model, plain, Sampling.greedy(), 5))
        .getMessage();
      assertTrue(message.contains("ReasoningRole.prepareConversationTemplate"), message);
      assertThrows(IllegalArgumentException.class, () -> new TwoPhaseGenerator(model, plain));
    }
  }

  @Test
  void aTemplateThatForgetsReasoningIsReadAnew() {
    try (Tokenizer forgetful = TinyTokenizer.chat()) {
      forgetful.addSpecialTokens(ReasoningRole.TOKEN);
      String source = ReasoningRole.prepareConversationTemplate(forgetful);
      forgetful.setChatTemplate("{%- if messages[-1]['role'] == 'user' %}{%- set messages = messages |"
          + " rejectattr('role', 'equalto', 'reasoning') | list %}{%- endif -%}" + source);
      try (ReasoningChat chat = new ReasoningChat(model, forgetful, NONE, Sampling.greedy(), 6)) {
        TwoPhaseReply first = chat.reply("Hi");
        TwoPhaseReply second = chat.reply("2 + 3?");
        int[] asked = Stream
          .of(ids("<|bos|>user\nHi<|eos|>\n<|bos|>assistant\n"), content(first.answer()),
              ids("<|eos|>\n<|bos|>user\n2 + 3?<|eos|>\n<|bos|><|reasoning|>\n"))
          .flatMapToInt(Arrays::stream)
          .toArray();
        assertEquals(asked.length, second.promptTokens());
        assertEquals(asked.length, second.readBefore(), "all of it, for it begins otherwise");
        assertArrayEquals(alone(model, asked, 6), second.reasoning().ids());
      }
    }
  }

  @Test
  void aBatchRepliesAsEachChatAlone() {
    List<String> questions = List.of("Hi", "How many words are in this longer question?", "2 + 3?");
    List<TwoPhaseReply> batch = new TwoPhaseGenerator(model, tokenizer)
      .reply(questions.stream().map(q -> List.of(Message.user(q))).toList(), Sampling.greedy(), 9, 3);
    for (int i = 0; i < batch.size(); i++) {
      try (ReasoningChat chat = chat(Sampling.greedy(), 9)) {
        TwoPhaseReply alone = chat.reply(questions.get(i));
        assertArrayEquals(alone.reasoning().ids(), batch.get(i).reasoning().ids());
        assertArrayEquals(alone.answer().ids(), batch.get(i).answer().ids());
        assertEquals(alone.promptTokens(), batch.get(i).promptTokens());
      }
    }
  }

  /** Both phases draw from one sequence of numbers, as the phases of a chat do. */
  @Test
  void aBatchOfOneDrawsAsAChatDoesAndTheNextBatchGoesOn() {
    Sampling warm = Sampling.temperature(1.5, 7);
    TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
    List<Message> question = List.of(Message.user("Hi"));
    List<TwoPhaseReply> replies = generator.reply(List.of(question, question), warm, 8, 1);
    try (ReasoningChat chat = chat(warm, 8)) {
      TwoPhaseReply alone = chat.reply("Hi");
      assertArrayEquals(alone.reasoning().ids(), replies.get(0).reasoning().ids());
      assertArrayEquals(alone.answer().ids(), replies.get(0).answer().ids());
    }
    assertFalse(Arrays.equals(replies.get(0).reasoning().ids(), replies.get(1).reasoning().ids()));
  }

  @Test
  void aLongChatTakesNoRoomFromItsNeighbours() {
    int limit = model.config().maxPositionEmbeddings();
    TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
    List<Message> brief = lastingChat(generator, 12);
    String question = "a";
    while (limit - prompt(List.of(), question, new int[0]).length > 4) {
      question += "\n"; // a token each
    }
    List<Message> filling = List.of(Message.user(question));
    List<TwoPhaseReply> both = generator.reply(List.of(filling, brief), Sampling.greedy(), 12, 2);
    assertTrue(both.get(0).newTokens() <= 4, "the long one has no more room");
    assertEquals(12, both.get(1).reasoning().ids().length);
  }

  /** A question that is thought about for as long as is allowed. */
  private static List<Message> lastingChat(TwoPhaseGenerator generator, int tokens) {
    return Stream.of("Hi", "2 + 3?", "Why?", "a b c", "Once upon a time", "So?")
      .map(text -> List.of(Message.user(text)))
      .filter(chat -> generator.reply(List.of(chat), Sampling.greedy(), tokens, 1)
        .get(0)
        .reasoning()
        .ids().length == tokens)
      .findFirst()
      .orElseThrow();
  }

  @Test
  void anInterruptEndsABatch() {
    TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
    List<List<Message>> chats = List.of(List.of(Message.user("Hi")), List.of(Message.user("So?")));
    Thread.currentThread().interrupt();
    assertThrows(CancellationException.class, () -> generator.reply(chats, Sampling.greedy(), 5, 1));
    assertFalse(Thread.interrupted(), "and is consumed");
  }

  @Test
  void aReplyIsWellFormedIfBothPhasesEndAndSaySomething() {
    Generation said = new Generation(new int[] {5, 1}, "five", Generation.Stop.END_TOKEN);
    Generation cut = new Generation(new int[] {5}, "five", Generation.Stop.LENGTH);
    Generation empty = new Generation(new int[] {1}, "", Generation.Stop.END_TOKEN);
    Generation mark = new Generation(new int[] {6, 1}, "<|reasoning|>", Generation.Stop.END_TOKEN);
    assertTrue(new TwoPhaseReply(said, said, 9, 9, 5).wellFormed());
    assertEquals(4, new TwoPhaseReply(said, said, 9, 9, 5).newTokens());
    for (Generation bad : List.of(cut, empty, mark)) {
      assertFalse(new TwoPhaseReply(said, bad, 9, 9, 5).wellFormed());
      assertFalse(new TwoPhaseReply(bad, said, 9, 9, 5).wellFormed());
    }
  }
}
