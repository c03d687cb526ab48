package org.coldstart.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.coldstart.data.ReasoningRole;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A conversation on its way to ids. What the model wrote keeps the ids it wrote: its text, encoded again, may give
 * others, and the cache of the first would be of no use.
 *
 * <p>
 * The chat template renders a placeholder for each written text; what stands between them is encoded, and the written
 * ids replace them. So any template will do: one that leaves earlier reasoning out has no placeholder there.
 */
record Transcript(Tokenizer tokenizer, List<Turn> turns) {

  /**
   * A turn of the conversation.
   *
   * @param written the ids of the content without its end token, where the model wrote it; null where it was given
   */
  record Turn(Message message, int[] written) {}

  static Transcript of(Tokenizer tokenizer, List<Message> messages) {
    return new Transcript(tokenizer, messages.stream().map(message -> new Turn(message, null)).toList());
  }

  /** This conversation and a message more. */
  Transcript with(Message message) {
    return with(new Turn(message, null));
  }

  /** This conversation and what the model wrote in a role. */
  Transcript with(String role, Generation reply) {
    int length = reply.ids().length - (reply.ended() ? 1 : 0);
    return with(new Turn(Message.of(role, reply.text()), Arrays.copyOf(reply.ids(), length)));
  }

  private Transcript with(Turn turn) {
    List<Turn> more = new ArrayList<>(turns);
    more.add(turn);
    return new Transcript(tokenizer, List.copyOf(more));
  }

  List<Message> messages() {
    return turns.stream().map(Turn::message).toList();
  }

  /** The ids up to where the model writes in a role, what opens the turn included. */
  int[] ids(String opening) {
    String placeholder = ChatFormat.placeholder(messages());
    List<Message> messages = new ArrayList<>(messages());
    for (int i = 0; i < turns.size(); i++) {
      if (turns.get(i).written() != null) {
        messages.set(i, Message.of(messages.get(i).role(), placeholder + i + ";"));
      }
    }
    String text = render(messages, opening);
    IntStream.Builder ids = IntStream.builder();
    Matcher place = Pattern.compile(Pattern.quote(placeholder) + "(\\d+);").matcher(text);
    int from = 0;
    while (place.find()) {
      encode(text, from, place.start(), ids);
      IntStream.of(turns.get(Integer.parseInt(place.group(1))).written()).forEach(ids);
      from = place.end();
    }
    encode(text, from, text.length(), ids);
    return ids.build().toArray();
  }

  /**
   * The most tokens a reasoning may have so that its answer has room for one.
   *
   * @param limit the most tokens of the whole conversation
   * @throws ConversationTooLongException if there is no room for a token of each
   */
  int room(int limit) {
    Generation none = new Generation(new int[0], "", Generation.Stop.LENGTH);
    int taken = with(ReasoningRole.ROLE, none).ids("assistant").length;
    if (limit - taken < 2) {
      throw new ConversationTooLongException(taken + 2, limit);
    }
    return limit - taken - 1;
  }

  /**
   * Checks that the tokenizer's template opens a reasoning turn when asked to.
   *
   * @throws IllegalArgumentException if it does not, with the way out
   */
  static void requireReasoning(Tokenizer tokenizer) {
    List<Message> question = List.of(Message.user("Hi!"));
    String closed = tokenizer.applyChatTemplate(question, false);
    if (of(tokenizer, question).render(question, ReasoningRole.ROLE).equals(closed)) {
      throw new IllegalArgumentException(
          "The chat template has no add_reasoning_generation_prompt: give the tokenizer one that"
              + " has, with ReasoningRole.prepareConversationTemplate(tokenizer).");
    }
  }

  private void encode(String text, int from, int to, IntStream.Builder ids) {
    IntStream.of(tokenizer.encodePart(text, from, to).ids()).forEach(ids);
  }

  private String render(List<Message> messages, String opening) {
    return tokenizer.applyChatTemplate(messages, opening.equals("assistant"),
        Map.of("add_" + opening + "_generation_prompt", true));
  }
}
