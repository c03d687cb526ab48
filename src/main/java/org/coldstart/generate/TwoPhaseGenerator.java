package org.coldstart.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.ReasoningRole;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Two-phase replies to many conversations at once: all think side by side, then all answer. For a
 * conversation that goes on, take {@link ReasoningChat}.
 *
 * <pre>{@code
 * TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
 * List<TwoPhaseReply> replies = generator.reply(conversations, Sampling.greedy(), 120);
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
    this.generator =
        new Generator(model, tokenizer).withStopTokens(ChatFormat.of(tokenizer).endToken());
  }

  /**
   * The replies, in the conversations' order. Each phase draws from the seed anew.
   *
   * @param conversations each up to and with the user's question
   * @param maxNewTokens the most tokens a phase may have
   * @throws ConversationTooLongException if one has no room for a reply
   */
  public List<TwoPhaseReply> reply(
      List<List<Message>> conversations, Sampling sampling, int maxNewTokens) {
    List<Transcript> asked =
        conversations.stream().map(messages -> Transcript.of(tokenizer, messages)).toList();
    List<int[]> prompts = asked.stream().map(each -> each.ids(ReasoningRole.ROLE)).toList();
    int limit = model.config().maxPositionEmbeddings();
    int room = asked.stream().mapToInt(each -> each.room(limit)).min().orElse(1);
    List<Generation> reasonings =
        generator.generate(prompts, sampling, Math.min(maxNewTokens, room));
    List<int[]> thought =
        IntStream.range(0, asked.size())
            .mapToObj(i -> asked.get(i).with(ReasoningRole.ROLE, reasonings.get(i)))
            .map(each -> each.ids("assistant"))
            .toList();
    List<Generation> answers = generator.generate(thought, sampling, maxNewTokens);
    List<TwoPhaseReply> replies = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      int prompt = prompts.get(i).length;
      int second = thought.get(i).length;
      replies.add(new TwoPhaseReply(reasonings.get(i), answers.get(i), prompt, prompt, second));
    }
    return replies;
  }
}
