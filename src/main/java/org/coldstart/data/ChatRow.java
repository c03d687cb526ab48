package org.coldstart.data;

import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.tokenizer.ChatTemplate;
import org.coldstart.tokenizer.Encoding;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Probe;
import org.coldstart.io.jinja.RenderedTemplate;
import org.coldstart.io.jinja.Span;
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

  private final RenderedTemplate whole;
  private final Map<String, String> rendered = new HashMap<>();
  private final Map<Integer, String> probes = new HashMap<>();

  ChatRow(Conversation conversation, Tokenizer tokenizer, Map<String, ?> variables, Clock clock) {
    this.conversation = conversation;
    this.tokenizer = tokenizer;
    this.template = tokenizer.chatTemplate().withClock(clock);
    this.variables = new LinkedHashMap<>(tokenizer.specialTokens());
    this.variables.putAll(variables);
    this.probe = Probe.notIn(conversation.messages());
    this.whole = render(conversation.messages(), "");
    this.rendered.put("" + conversation.messages().size(), whole.text());
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

  /**
   * Whether the template writes a turn's content where it is the last. One that folds the system
   * message into the user's turn does not write it before that.
   */
  boolean writes(int turn) {
    return probedText(turn).contains(probe);
  }

  /**
   * Where what the template writes before a turn begins: behind the content of the last turn before
   * that it writes.
   */
  int headerStart(int turn) {
    int before = turn - 1;
    while (before >= 0 && !writes(before)) {
      before--;
    }
    return before < 0 ? 0 : contentEnd(before, tail(before));
  }

  /**
   * Where the model begins to write a turn. For the assistant that is where generation begins; for
   * other roles too, if the template has an {@code add_<role>_generation_prompt}; else, and in the
   * first turn, it is where the content begins.
   */
  int start(int turn) {
    if (turn > 0) {
      String role = messages().get(turn).role();
      String opened = first(turn, role);
      if (role.equals("assistant") || opened.length() > first(turn, "").length()) {
        return prefix(opened, turn);
      }
    }
    String probed = probed(turn);
    return prefix(probed.substring(0, probed.indexOf(probe)), turn);
  }

  /** Where a turn ends, its end-of-turn token included, and what the template puts after it not. */
  int end(int turn) {
    String tail = tail(turn);
    Encoding tokens = tokenizer.encode(tail, false);
    StopTokens stops = new StopTokens(tokenizer);
    int stop = stops.first(tokens);
    if (stop < 0) {
      throw new IllegalArgumentException(
          "the chat template writes no end-of-turn token (a special token"
              + tokenizer.eosToken().map(eos -> " such as '" + eos + "'").orElse("")
              + ") after the content of turn "
              + (turn + 1)
              + ", so the model would not learn to stop.");
    }
    int content = contentEnd(turn, tail);
    String upTo = first(turn + 1, "");
    int end = content + tokens.offsets().get(stop).end();
    prefix(upTo.substring(0, end), turn);
    // A turn may end with several such tokens in a row, and every turn with the same ones.
    for (int next = stop + 1; next < tokens.size() && stops.contains(tokens.ids()[next]); next++) {
      int further = content + tokens.offsets().get(next).end();
      if (tokens.offsets().get(next).start() + content > end
          || !whole.text().startsWith(upTo.substring(0, further))) {
        break;
      }
      end = further;
    }
    return end;
  }

  private int contentEnd(int turn, String tail) {
    String upTo = first(turn + 1, "");
    if (!upTo.endsWith(tail)) {
      throw new IllegalArgumentException(
          "the chat template ends turn " + (turn + 1) + " in a way that depends on its content.");
    }
    return prefix(upTo.substring(0, upTo.length() - tail.length()), turn);
  }

  /** The first messages, rendered once, and what opens a turn of the role {@code opening}. */
  private String first(int turns, String opening) {
    return rendered.computeIfAbsent(
        turns + opening, key -> render(messages().subList(0, turns), opening).text());
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
    String text = probedText(turn);
    if (!text.contains(probe)) {
      throw new IllegalArgumentException(
          "the chat template leaves out the content of turn "
              + (turn + 1)
              + " ("
              + messages().get(turn).role()
              + "): give the tokenizer a template that knows this role.");
    }
    return text;
  }

  /** The messages up to a turn, rendered once, with the probe for its content. */
  private String probedText(int turn) {
    return probes.computeIfAbsent(
        turn,
        key -> {
          Message message = messages().get(turn);
          List<Message> messages = new ArrayList<>(messages().subList(0, turn));
          messages.add(new Message(message.role(), probe, message.extra()));
          return render(messages, "").text();
        });
  }

  /**
   * Renders messages and, unless {@code opening} is empty, what opens a turn of that role. {@code
   * add_generation_prompt} is the usual flag for the assistant.
   */
  private RenderedTemplate render(List<Message> messages, String opening) {
    Map<String, Object> all = new LinkedHashMap<>(variables);
    if (!opening.isEmpty()) {
      all.put("add_" + opening + "_generation_prompt", true);
    }
    return template.renderWithGeneration(messages, opening.equals("assistant"), all);
  }
}
