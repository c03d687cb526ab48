package org.coldstart.generate;

import java.util.ArrayList;
import java.util.List;
import org.coldstart.data.ReasoningRole;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Two-phase replies to many conversations at once: all think side by side, then all answer. For a conversation that
 * goes on, take {@link ReasoningChat}.
 *
 * <pre>{@code
 * TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
 * List<TwoPhaseReply> replies = generator.reply(conversations, Sampling.greedy(), 120, 24);
 * }</pre>
 */
public final class TwoPhaseGenerator {

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final Generator generator;

  /**
   * For a model and its tokenizer.
   *
   * @throws IllegalArgumentException if the template cannot open a reasoning turn
   */
  public TwoPhaseGenerator(CausalLm model, Tokenizer tokenizer) {
    Transcript.requireReasoning(tokenizer);
    this.model = model;
    this.tokenizer = tokenizer;
    this.generator = new Generator(model, tokenizer).withStopTokens(ChatFormat.of(tokenizer).endToken());
  }

  /**
   * The replies, in the conversations' order. Batches and phases draw from one sequence of random numbers.
   *
   * @param conversations each up to and with the user's question
   * @param maxNewTokens the most tokens a phase may have
   * @param batchSize conversations side by side at a time, at least 1
   * @throws ConversationTooLongException if one has no room for a reply
   * @throws java.util.concurrent.CancellationException if the thread is interrupted; the interrupt is consumed
   */
  public List<TwoPhaseReply> reply(List<List<Message>> conversations, Sampling sampling, int maxNewTokens,
      int batchSize) {
    TokenSampler sampler = new TokenSampler(sampling);
    List<TwoPhaseReply> replies = new ArrayList<>();
    for (List<List<Message>> batch : Generator.batches(conversations, batchSize)) {
      List<Transcript> asked = batch.stream().map(messages -> Transcript.of(tokenizer, messages)).toList();
      synchronized (model) { // both phases with the same weights
        replies.addAll(reply(asked, sampler, maxNewTokens));
      }
    }
    return List.copyOf(replies);
  }

  private List<TwoPhaseReply> reply(List<Transcript> asked, TokenSampler sampler, int maxNewTokens) {
    int limit = model.config().maxPositionEmbeddings();
    int[] limits = asked.stream().mapToInt(each -> Math.min(maxNewTokens, each.room(limit))).toArray();
    List<int[]> prompts = asked.stream().map(each -> each.ids(ReasoningRole.ROLE)).toList();
    List<Generation> reasonings = generator.generate(prompts, limits, sampler);
    List<int[]> thought = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      thought.add(asked.get(i).with(ReasoningRole.ROLE, reasonings.get(i)).ids("assistant"));
      limits[i] = maxNewTokens;
    }
    List<Generation> answers = generator.generate(thought, limits, sampler);
    List<TwoPhaseReply> replies = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      int prompt = prompts.get(i).length;
      int second = thought.get(i).length;
      replies.add(new TwoPhaseReply(reasonings.get(i), answers.get(i), prompt, prompt, second));
    }
    return replies;
  }
}
