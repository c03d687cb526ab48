package org.coldstart.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.coldstart.data.ReasoningRole;
import org.coldstart.io.torch.NativeMemory;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.model.KvCache;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A conversation with a model that thinks before it answers: a first phase writes the reasoning turn, a second the
 * assistant's. The history is kept, and what the model has read stays in its cache: the second phase reads only the few
 * ids between the two.
 *
 * <pre>{@code
 * try (ReasoningChat chat = new ReasoningChat(model, tokenizer, Sampling.greedy(), 400)) {
 *   TwoPhaseReply reply = chat.reply("How much is 12 + 30?");
 *   System.out.println(reply.reasoning().text() + "\n" + reply.answer().text());
 * }
 * }</pre>
 *
 * <p>
 * The tokenizer's template must open a reasoning turn, see {@link ReasoningRole#prepareConversationTemplate}. A phase
 * ends at the template's end-of-turn token, at any end token that the checkpoint or the tokenizer names, at the token
 * limit, or when the thread is interrupted. The cache is native memory: close the chat, or it is kept until nothing
 * refers to the chat and another begins. After training, {@link #reset} it.
 */
public final class ReasoningChat implements AutoCloseable {

  /** The article's limit on a conversation; the model's own counts where it is smaller. */
  public static final int MAX_TOKENS = 32_000;

  /** What the article's loop prints when a conversation has become too long. */
  public static final String CLOSING_MESSAGE = "超过模型字数上线，已退出 (over the model's length limit, the chat has ended)";

  /** A part of a reply. */
  public enum Phase {
    /** The model thinks. */
    REASONING,
    /** The model answers. */
    ANSWER
  }

  private static final String ASSISTANT = "assistant";

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final Sampling sampling;
  private final int maxNewTokens;
  private final Generator generator;
  private final Transcript prefix;
  private final CachedRow row;
  private Transcript transcript;
  private TokenSampler sampler;

  /** A chat under the article's system message, {@link ReasoningRole#SYSTEM}. */
  public ReasoningChat(CausalLm model, Tokenizer tokenizer, Sampling sampling, int maxNewTokens) {
    this(model, tokenizer, List.of(Message.system(ReasoningRole.SYSTEM)), sampling, maxNewTokens);
  }

  /**
   * A chat that goes on from given messages.
   *
   * @param messages what every conversation begins with; may be empty
   * @param sampling how tokens are chosen; a conversation draws its numbers from the seed in turn
   * @param maxNewTokens the most tokens a phase may have
   * @throws IllegalArgumentException if the template cannot open a reasoning turn, maxNewTokens is below 1, or top-k
   * larger than the vocabulary
   */
  public ReasoningChat(CausalLm model, Tokenizer tokenizer, List<Message> messages, Sampling sampling,
      int maxNewTokens) {
    NativeMemory.freeUnreachable(KvCache.class); // of chats that a cell has replaced
    Generator.checkMaxNewTokens(maxNewTokens);
    Transcript.requireReasoning(tokenizer);
    this.model = model;
    this.tokenizer = tokenizer;
    this.sampling = sampling;
    this.maxNewTokens = maxNewTokens;
    generator = new Generator(model, tokenizer).withStopTokens(ChatFormat.of(tokenizer).endToken());
    generator.checkTopK(sampling);
    prefix = Transcript.of(tokenizer, messages);
    row = new CachedRow(model);
    reset();
  }

  /** The most tokens a conversation may have, the reply to come included. */
  public int limit() {
    return Math.min(MAX_TOKENS, model.config().maxPositionEmbeddings());
  }

  /** The conversation so far. */
  public synchronized List<Message> history() {
    return transcript.messages();
  }

  /** Starts a new conversation; it draws the same random numbers. */
  public synchronized void reset() {
    transcript = prefix;
    sampler = new TokenSampler(sampling);
    row.close();
  }

  /** Answers a question; see {@link #reply(String, BiConsumer)}. */
  public TwoPhaseReply reply(String question) {
    return reply(question, (phase, piece) -> {});
  }

  /**
   * Answers a question and streams both phases. An interrupted reply does not become part of the history; neither does
   * its question.
   *
   * @param onText gets each new piece of text and the phase it belongs to
   * @throws IllegalArgumentException if the question is empty
   * @throws ConversationTooLongException if there is no room for a reply; the history stays as it was
   */
  public synchronized TwoPhaseReply reply(String question, BiConsumer<Phase, String> onText) {
    if (question == null || question.isBlank()) {
      throw new IllegalArgumentException("The question is empty.");
    }
    synchronized (model) { // both phases with the same weights
      return twoPhases(question, onText);
    }
  }

  private TwoPhaseReply twoPhases(String question, BiConsumer<Phase, String> onText) {
    Transcript asked = transcript.with(Message.user(question));
    int[] prompt = asked.ids(ReasoningRole.ROLE);
    int room = asked.room(limit());
    int readBefore = prompt.length - row.unread(prompt);
    Generation reasoning = write(prompt, room, piece -> onText.accept(Phase.REASONING, piece));
    if (reasoning.stop() == Generation.Stop.INTERRUPTED) {
      Generation none = new Generation(new int[0], "", Generation.Stop.INTERRUPTED);
      return new TwoPhaseReply(reasoning, none, prompt.length, readBefore, 0);
    }
    Transcript thought = asked.with(ReasoningRole.ROLE, reasoning);
    int[] second = thought.ids(ASSISTANT);
    int readBetween = second.length - row.unread(second);
    Generation answer = write(second, limit() - second.length, piece -> onText.accept(Phase.ANSWER, piece));
    if (answer.stop() != Generation.Stop.INTERRUPTED) {
      transcript = thought.with(ASSISTANT, answer);
    }
    return new TwoPhaseReply(reasoning, answer, prompt.length, readBefore, readBetween);
  }

  private Generation write(int[] prompt, int room, Consumer<String> onText) {
    model.checkHasRows(tokenizer, prompt);
    Reply reply = new Reply(prompt, Math.min(maxNewTokens, room), generator.stream(onText));
    Set<Integer> endTokens = generator.endTokens();
    while (!reply.ended()) {
      if (Thread.interrupted()) {
        reply.end(Generation.Stop.INTERRUPTED);
      } else {
        reply.add(next(reply), endTokens);
      }
    }
    return reply.toGeneration(tokenizer);
  }

  private int next(Reply reply) {
    try (NDManager step = Torch.newManager()) {
      NDArray logits = generator.withoutPaddingRows(row.nextLogits(step, reply.ids()));
      return sampler.choose(logits, sampler.penalizedIds(List.of(reply)))[0];
    }
  }

  /** Frees the cache. */
  @Override
  public synchronized void close() {
    row.close();
  }
}
