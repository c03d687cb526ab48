package org.coldstart.train;

import java.util.ArrayList;
import java.util.List;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Message;

/**
 * Conversations that the model answers now and then while it trains, to see the skill come.
 *
 * <pre>{@code
 * trainer.sample(SamplePrompts.greedy(50, "What is 17 + 25?", "Why is the sky blue?"));
 * }</pre>
 *
 * @param everySteps optimizer steps between two rounds of answers, at least 1
 * @param conversations each ends with the message to be answered
 * @param sampling how tokens are chosen
 * @param maxNewTokens the most tokens of an answer
 */
public record SamplePrompts(
    int everySteps, List<List<Message>> conversations, Sampling sampling, int maxNewTokens) {

  /** Checks the ranges. */
  public SamplePrompts {
    if (everySteps < 1 || maxNewTokens < 1) {
      throw new IllegalArgumentException(
          "everySteps and maxNewTokens must be at least 1, not "
              + everySteps
              + " and "
              + maxNewTokens
              + ".");
    }
    conversations = conversations.stream().map(List::copyOf).toList();
  }

  /** Questions without more context, answered greedily in at most 100 tokens. */
  public static SamplePrompts greedy(int everySteps, String... questions) {
    List<List<Message>> conversations = new ArrayList<>();
    for (String question : questions) {
      conversations.add(List.of(Message.user(question)));
    }
    return new SamplePrompts(everySteps, conversations, Sampling.greedy(), 100);
  }

  boolean due(int step) {
    return step % everySteps == 0;
  }

  /** Lets the model answer; an interrupt cuts an answer short and stays pending. */
  List<TrainingLog.Sample> answers(Generator generator, int step) {
    List<TrainingLog.Sample> samples = new ArrayList<>();
    for (List<Message> conversation : conversations) {
      Generation reply = generator.chat(conversation, sampling, maxNewTokens);
      if (reply.stop() == Generation.Stop.INTERRUPTED) {
        Thread.currentThread().interrupt();
        return samples;
      }
      String prompt = conversation.get(conversation.size() - 1).content();
      samples.add(new TrainingLog.Sample(step, prompt, reply.text()));
    }
    return samples;
  }
}
