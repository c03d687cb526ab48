package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.coldstart.data.ReasoningRole;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.ReasoningChat.Phase;
import org.coldstart.generate.ReasoningChat;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseReply;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who asks, when the loop ends, and what is shown. */
class ChatLoopTest {

  private static final InputStream NOBODY = InputStream.nullInputStream();
  private static Tokenizer tokenizer;
  private static CausalLm model;

  private final PrintStream console = System.out;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private ReasoningChat chat;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.chat();
    tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
    ReasoningRole.prepareConversationTemplate(tokenizer);
    model = ParityCase.of("llama-untied").model();
    model.resizeTokenEmbeddings(tokenizer);
  }

  @AfterAll
  static void free() {
    model.close();
    tokenizer.close();
  }

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    chat = new ReasoningChat(model, tokenizer, List.of(), Sampling.temperature(1, 1), 4);
  }

  @AfterEach
  void stopListening() {
    System.setOut(console);
    chat.close();
  }

  private List<String> questions() {
    return chat.history().stream().filter(message -> message.role().equals("user")).map(Message::content).toList();
  }

  private List<TwoPhaseReply> typed(String lines, String... scripted) {
    InputStream in = new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8));
    return new ChatLoop(chat).run(in, List.of(scripted));
  }

  @Test
  void theUserAsksUntilAnEmptyLine() {
    assertEquals(2, typed("Grüß dich!\n 2 + 2? \n\nnever\n", "scripted").size());
    assertEquals(List.of("Grüß dich!", "2 + 2?"), questions());
  }

  @Test
  void exitAndQuitEndTheChat() {
    assertEquals(1, typed("Hi\nEXIT\nnever\n").size());
    assertEquals(0, typed("quit\nnever\n", "scripted").size());
    assertEquals(List.of("Hi"), questions());
  }

  @Test
  void whereNobodyTypesTheListIsAsked() {
    assertEquals(2, new ChatLoop(chat).run(NOBODY, List.of("Hi", "2 + 2?")).size());
    assertEquals(List.of("Hi", "2 + 2?"), questions());
    assertEquals(1, new ChatLoop(chat).run(NOBODY, List.of("Bye", "exit", "never")).size());
    assertTrue(printed.toString(StandardCharsets.UTF_8).contains("2 + 2?"));
  }

  @Test
  void aFullConversationEndsWithTheClosingMessage() {
    String longer = "many words ".repeat(6);
    List<TwoPhaseReply> replies = new ChatLoop(chat).run(NOBODY, Collections.nCopies(50, longer));
    assertTrue(replies.size() > 0 && replies.size() < 50, replies.size() + " replies");
    String last = printed.toString(StandardCharsets.UTF_8);
    assertTrue(last.contains(ReasoningChat.CLOSING_MESSAGE), last);
  }

  @Test
  void partsAppearAsTheyAreWritten() {
    try (ChatLoop.LiveReply live = new ChatLoop.LiveReply("<b>?")) {
      assertEquals("**You**\n\n&lt;b>?\n\n---", live.rich().content());
      live.accept(Phase.REASONING, "a ");
      live.accept(Phase.REASONING, "`<b>`");
      live.accept(Phase.ANSWER, "*b*");
      assertEquals("**You**\n\n&lt;b>?\n\n**Reasoning**\n\na <code>&#60;b&#62;</code>\n\n" + "**Answer**\n\n*b*\n\n---",
          live.rich().content());
      assertTrue(live.rich().text().contains("a `<b>`"));
    }
  }
}
