package org.coldstart.generate;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A model's replies to questions: greedy, through its chat template, without the thinking part where a template has one
 * ({@code enable_thinking=false}). The functions that DeepLearning.AI's course "Post-training of LLMs" is written with;
 * notebooks call them by their bare names.
 *
 * <pre>{@code
 * String reply = generateResponses(model, tokenizer, "Calculate 1+1-1");
 * List<Answer> answers = testModelWithQuestions(model, tokenizer, questions);
 * }</pre>
 */
public final class Responses {

  /**
   * A question and a model's answer to it.
   *
   * @param question the user's message
   * @param answer the reply without special tokens and the spaces around it
   * @param ended whether the model ended the reply itself; if not, it was cut off
   */
  public record Answer(String question, String answer, boolean ended) {}

  /** The most new tokens of a reply where no other limit is given. */
  public static final int MAX_NEW_TOKENS = 100;

  /** Prompts answered side by side. */
  private static final int BATCH = 50;

  private static final Map<String, Object> NO_THINKING = Map.of("enable_thinking", false);

  private Responses() {}

  /** The reply to one message without a system message, of at most 100 tokens. */
  public static String generateResponses(CausalLm model, Tokenizer tokenizer, String userMessage) {
    return generateResponses(model, tokenizer, userMessage, null, MAX_NEW_TOKENS);
  }

  /**
   * The reply to one message: the new tokens alone, without special tokens and the spaces around it.
   *
   * @param systemMessage describes the model's task; null or empty for none
   * @param maxNewTokens the most tokens of the reply, at least 1
   * @throws IllegalArgumentException if the user's message is empty, or longer than the model sees
   * @throws IllegalStateException if the tokenizer has no chat template
   */
  public static String generateResponses(CausalLm model, Tokenizer tokenizer, String userMessage, String systemMessage,
      int maxNewTokens) {
    List<Message> messages = messages(userMessage, systemMessage);
    return generateAll(model, tokenizer, List.of(messages), maxNewTokens).get(0).text().strip();
  }

  /** The replies to several questions, each asked alone and without a system message. */
  public static List<Answer> testModelWithQuestions(CausalLm model, Tokenizer tokenizer, List<String> questions) {
    return testModelWithQuestions(model, tokenizer, questions, null);
  }

  /**
   * The replies to several questions, each asked alone, of at most 100 tokens.
   *
   * @param systemMessage describes the model's task; null or empty for none
   * @return in the questions' order
   */
  public static List<Answer> testModelWithQuestions(CausalLm model, Tokenizer tokenizer, List<String> questions,
      String systemMessage) {
    List<List<Message>> asked = questions.stream().map(q -> messages(q, systemMessage)).toList();
    List<Generation> replies = generateAll(model, tokenizer, asked, MAX_NEW_TOKENS);
    return IntStream.range(0, replies.size())
      .mapToObj(i -> new Answer(questions.get(i), replies.get(i).text().strip(), replies.get(i).ended()))
      .toList();
  }

  /**
   * The replies to whole conversations, written side by side.
   *
   * @param conversations each ends where the assistant is to speak
   * @return in the same order
   * @throws IllegalArgumentException if one is longer than the model sees
   */
  public static List<Generation> generateAll(CausalLm model, Tokenizer tokenizer, List<List<Message>> conversations,
      int maxNewTokens) {
    List<int[]> prompts = conversations.stream().map(c -> promptIds(tokenizer, c)).toList();
    return new Generator(model, tokenizer).generate(prompts, Sampling.greedy(), maxNewTokens, BATCH);
  }

  private static int[] promptIds(Tokenizer tokenizer, List<Message> conversation) {
    return tokenizer.encode(tokenizer.applyChatTemplate(conversation, true, NO_THINKING), false).ids();
  }

  private static List<Message> messages(String userMessage, String systemMessage) {
    if (userMessage == null || userMessage.isBlank()) {
      throw new IllegalArgumentException("The user's message is empty: there is nothing to answer.");
    }
    return systemMessage == null || systemMessage.isEmpty() ? List.of(Message.user(userMessage))
        : List.of(Message.system(systemMessage), Message.user(userMessage));
  }
}
