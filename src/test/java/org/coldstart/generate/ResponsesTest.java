package org.coldstart.generate;

import static org.coldstart.generate.Responses.generateAll;
import static org.coldstart.generate.Responses.generateResponses;
import static org.coldstart.generate.Responses.testModelWithQuestions;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Responses.Answer;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResponsesTest {
  private static final String QUESTION = "What is 1+1-1?";
  private static Tokenizer tokenizer;
  private static CausalLm model;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.chat();
    model = ParityCase.of("llama-untied").model();
    model.resizeTokenEmbeddings(tokenizer);
  }

  @AfterAll
  static void close() {
    model.close();
    tokenizer.close();
  }

  @BeforeEach
  void template() {
    tokenizer.setChatTemplate(TinyTokenizer.CHATML);
  }

  private static Generation greedy(int maxNewTokens, Message... messages) {
    return new Generator(model, tokenizer).chat(List.of(messages), Sampling.greedy(), maxNewTokens);
  }

  @Test
  void isTheGreedyReplyWithoutPromptSpecialTokensAndBlanksAround() {
    for (int length : new int[] {1, 7, 40}) {
      Generation reply = greedy(length, Message.user(QUESTION));
      String text = generateResponses(model, tokenizer, QUESTION, null, length);
      assertEquals(tokenizer.decode(reply.ids(), true).strip(), text);
      assertFalse(text.contains(QUESTION));
    }
    assertEquals(generateResponses(model, tokenizer, QUESTION, null, 100),
        generateResponses(model, tokenizer, QUESTION));
  }

  @Test
  void theSystemMessageIsOptional() {
    String with = generateResponses(model, tokenizer, QUESTION, "Be brief.", 30);
    assertEquals(greedy(30, Message.system("Be brief."), Message.user(QUESTION)).text().strip(), with);
    String without = generateResponses(model, tokenizer, QUESTION, null, 30);
    assertEquals(without, generateResponses(model, tokenizer, QUESTION, "", 30));
    assertNotEquals(with, without);
  }

  /** Qwen3's template opens a thinking part unless the variable is there and false. */
  @Test
  void theTemplateIsToldNotToThink() {
    tokenizer.setChatTemplate("{% for m in messages %}{{ m['content'] }}<|eos|>{% endfor %}{% if add_generation_prompt"
        + " %}{% if enable_thinking is defined and enable_thinking is false %}<|bos|>{% else"
        + " %}{{ raise_exception('thinking') }}{% endif %}{% endif %}");
    int[] prompt = tokenizer.encode(QUESTION + "<|eos|><|bos|>", false).ids();
    Generation reply = new Generator(model, tokenizer).generate(List.of(prompt), Sampling.greedy(), 12).get(0);
    assertEquals(reply.text().strip(), generateResponses(model, tokenizer, QUESTION, null, 12));
  }

  @Test
  void questionsAreAnsweredOneByOneInTheirOrder() {
    List<String> questions = List.of(QUESTION, "Hi", "a much longer question than those", "Hi");
    List<Answer> answers = testModelWithQuestions(model, tokenizer, questions, "Be brief.");
    assertEquals(questions, answers.stream().map(Answer::question).toList());
    for (Answer answer : answers) {
      Generation alone = greedy(100, Message.system("Be brief."), Message.user(answer.question()));
      assertEquals(alone.text().strip(), answer.answer());
      assertEquals(alone.ended(), answer.ended());
    }
    assertEquals(generateResponses(model, tokenizer, "Hi"),
        testModelWithQuestions(model, tokenizer, List.of("Hi")).get(0).answer());
    assertEquals(List.of(), testModelWithQuestions(model, tokenizer, List.of()));
  }

  @Test
  void moreConversationsThanABatchHolds() {
    List<List<Message>> chats = new ArrayList<>();
    IntStream.range(0, 103).forEach(i -> chats.add(List.of(Message.user("Number " + i * i))));
    List<Generation> all = generateAll(model, tokenizer, chats, 4);
    assertEquals(103, all.size());
    for (int i : new int[] {0, 49, 50, 102}) {
      assertArrayEquals(greedy(4, chats.get(i).get(0)).ids(), all.get(i).ids());
    }
  }

  @Test
  void whatCannotBeAnsweredIsSaid() {
    for (String empty : new String[] {null, "", " \n"}) {
      assertTrue(refusal(empty, 5).contains("user's message is empty"));
    }
    String tooLong = refusal("word ".repeat(400), 5);
    assertTrue(tooLong.matches("The prompt has \\d+ tokens, and the model sees no more than 256, .*"));
    assertTrue(refusal("Hi", 0).contains("maxNewTokens must be at least 1"));
  }

  private static String refusal(String message, int maxNewTokens) {
    return assertThrows(IllegalArgumentException.class,
        () -> generateResponses(model, tokenizer, message, null, maxNewTokens))
      .getMessage();
  }
}
