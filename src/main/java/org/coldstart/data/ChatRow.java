package org.coldstart.data;

import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.tokenizer.ChatTemplate;
import org.coldstart.tokenizer.Encoding;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Rendering;
import org.coldstart.tokenizer.Span;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A conversation rendered by the chat template, which knows where each turn lies in the text.
 *
 * <p>Nothing is searched for: the conversation is rendered up to each turn, without and with the
 * generation prompt, and each such text must begin the whole one.
 */
final class ChatRow {
  private final Conversation conversation;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final Map<String, Object> variables;

  /** Stands in for a turn's content, to see what the template writes around it. */
  private final String probe;

  private final Rendering whole;

  ChatRow(Conversation conversation, Tokenizer tokenizer, Map<String, ?> variables, Clock clock) {
    this.conversation = conversation;
    this.tokenizer = tokenizer;
    this.template = tokenizer.chatTemplate().withClock(clock);
    this.variables = new LinkedHashMap<>(tokenizer.specialTokens());
    this.variables.putAll(variables);
    this.probe = unusedIn(conversation.messages());
    this.whole = render(conversation.messages(), "");
  }

  String text() {
    return whole.text();
  }

  /** What the template's {@code {% generation %}} blocks cover; empty if it has none. */
  List<Span> generated() {
    return whole.generated();
  }

  int promptTurns() {
    return conversation.promptTurns();
  }

  List<Message> messages() {
    return conversation.messages();
  }

  /** Where what the template writes before a turn begins: behind the content of the turn before. */
  int headerStart(int turn) {
    if (turn == 0) {
      return 0;
    }
    String before = render(messages().subList(0, turn), "").text();
    String tail = tail(turn - 1);
    return prefix(before, turn) - (before.endsWith(tail) ? tail.length() : 0);
  }

  /**
   * Where the model begins to write a turn. For the assistant that is where generation begins; for
   * other roles too, if the template has an {@code add_<role>_generation_prompt}, else it is where
   * the content begins.
   */
  int start(int turn) {
    Message message = messages().get(turn);
    List<Message> before = messages().subList(0, turn);
    String opened = render(before, message.role()).text();
    if (message.role().equals("assistant")
        || !before.isEmpty() && opened.length() > render(before, "").text().length()) {
      return prefix(opened, turn);
    }
    String probed = probed(turn);
    return prefix(probed.substring(0, probed.indexOf(probe)), turn);
  }

  /** Where a turn ends, its end-of-turn token included, and what the template puts after it not. */
  int end(int turn) {
    String upTo = render(messages().subList(0, turn + 1), "").text();
    int close = prefix(upTo, turn);
    String tail = tail(turn);
    Encoding tokens = tokenizer.encode(tail, false);
    int stop = new StopTokens(tokenizer).first(tokens);
    if (stop < 0 || !upTo.endsWith(tail)) {
      throw new IllegalArgumentException(
          "the chat template writes no end-of-turn token (a special token"
              + tokenizer.eosToken().map(eos -> " such as '" + eos + "'").orElse("")
              + ") after the content of turn "
              + (turn + 1)
              + ", so the model would not learn to stop.");
    }
    return close - tail.length() + tokens.offsets().get(stop).end();
  }

  /** The stretch of a turn that the model is to write. */
  Span turn(int turn) {
    Message message = messages().get(turn);
    if (message.extra().isEmpty() && (message.content() == null || message.content().isBlank())) {
      throw new IllegalArgumentException(
          "turn " + (turn + 1) + " (" + message.role() + ") is empty.");
    }
    int start = start(turn);
    int end = end(turn);
    if (end <= start) {
      throw new IllegalArgumentException(
          "the chat template writes nothing of turn " + (turn + 1) + " (" + message.role() + ").");
    }
    return new Span(start, end);
  }

  private int prefix(String text, int turn) {
    if (!whole.text().startsWith(text)) {
      throw new IllegalArgumentException(
          "the chat template renders the prompt differently once turn "
              + (turn + 1)
              + " or what comes after it follows, so its loss cannot be told from the prompt's; use"
              + " a template that only appends, or one with {% generation %} blocks.");
    }
    return text.length();
  }

  /** What the template writes behind a turn's content. */
  private String tail(int turn) {
    String probed = probed(turn);
    return probed.substring(probed.lastIndexOf(probe) + probe.length());
  }

  private String probed(int turn) {
    Message message = messages().get(turn);
    List<Message> messages = new ArrayList<>(messages().subList(0, turn));
    messages.add(new Message(message.role(), probe, message.extra()));
    String text = render(messages, "").text();
    if (!text.contains(probe)) {
      throw new IllegalArgumentException(
          "the chat template leaves out the content of turn "
              + (turn + 1)
              + " ("
              + message.role()
              + "): give the tokenizer a template that knows this role.");
    }
    return text;
  }

  private static String unusedIn(List<Message> messages) {
    String probe = "Probe7f";
    while (contains(messages, probe)) {
      probe += "X";
    }
    return probe;
  }

  private static boolean contains(List<Message> messages, String text) {
    return messages.stream().anyMatch(m -> m.content() != null && m.content().contains(text));
  }

  /**
   * Renders messages and, unless {@code opening} is empty, what opens a turn of that role. {@code
   * add_generation_prompt} is the usual flag for the assistant.
   */
  private Rendering render(List<Message> messages, String opening) {
    Map<String, Object> all = new LinkedHashMap<>(variables);
    if (!opening.isEmpty()) {
      all.put("add_" + opening + "_generation_prompt", true);
    }
    return template.renderWithGeneration(messages, opening.equals("assistant"), all);
  }
}
