package org.coldstart.data;

import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.RenderedTemplate;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.ChatTemplate;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A conversation rendered by the chat template, which knows where each turn lies in the text.
 *
 * <p>
 * Nothing is searched for: the conversation is rendered up to each turn, without and with the generation prompt, and
 * each such text must begin the whole one.
 */
final class ChatRow {

  /** Messages and the role whose turn is opened behind them; empty for none. */
  private record Prompt(List<Message> messages, String opening) {}

  private final Conversation conversation;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final Map<String, Object> variables;

  /** Stands in for a turn's content, to see what the template writes around it. */
  private final String placeholder;

  private final RenderedTemplate whole;
  private final Map<Prompt, String> rendered = new HashMap<>();

  ChatRow(Conversation conversation, Tokenizer tokenizer, Map<String, ?> variables, Clock clock) {
    this.conversation = conversation;
    this.tokenizer = tokenizer;
    this.template = tokenizer.chatTemplate().withClock(clock);
    this.variables = new LinkedHashMap<>(tokenizer.specialTokens());
    this.variables.putAll(variables);
    this.placeholder = ChatFormat.placeholder(messages());
    Prompt all = new Prompt(messages(), "");
    this.whole = render(all);
    this.rendered.put(all, whole.text());
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

  /** The part of a turn that the model is to write. */
  Span turn(int turn) {
    Message message = messages().get(turn);
    if (message.extra().isEmpty() && (message.content() == null || message.content().isBlank())) {
      throw new IllegalArgumentException(named(turn) + " is empty.");
    }
    int start = start(turn);
    int end = end(turn);
    if (end <= start) {
      throw new IllegalArgumentException("the chat template writes nothing of " + named(turn) + ".");
    }
    return new Span(start, end);
  }

  /**
   * Where the model begins to write a turn: behind the generation prompt, for another role than the assistant behind
   * {@code add_<role>_generation_prompt}; without one, and in the first turn, where the content begins.
   */
  int start(int turn) {
    if (turn > 0) {
      String role = messages().get(turn).role();
      String opened = first(turn, role);
      if (role.equals("assistant") || opened.length() > first(turn, "").length()) {
        return prefix(opened, turn);
      }
    }
    String text = withPlaceholder(turn);
    return prefix(text.substring(0, text.indexOf(placeholder)), turn);
  }

  /** Where a turn's header begins: behind the content of the last turn before it that the template writes. */
  int headerStart(int turn) {
    int before = turn - 1;
    while (before >= 0 && !writes(before)) {
      before--;
    }
    return before < 0 ? 0 : contentEnd(before, suffix(before));
  }

  /** Whether the template writes a turn that is the last: many fold the system message into the user's turn. */
  boolean writes(int turn) {
    return upTo(turn).contains(placeholder);
  }

  /** Where a turn ends: behind its end-of-turn token, before what the template puts after that. */
  private int end(int turn) {
    String suffix = suffix(turn);
    List<Span> stops = TokenizedSpans.specialTokens(suffix, tokenizer);
    if (stops.isEmpty()) {
      throw new IllegalArgumentException(
          "the chat template writes no end-of-turn token" + TokenizedSpans.example(tokenizer) + " after turn "
              + (turn + 1) + ", so the model would not learn to stop.");
    }
    int content = contentEnd(turn, suffix);
    String closed = first(turn + 1, "");
    int end = content + stops.get(0).end();
    prefix(closed.substring(0, end), turn);
    // A turn may end with several such tokens in a row, and every turn with the same ones.
    for (Span next : stops.subList(1, stops.size())) {
      int further = content + next.end();
      if (content + next.start() > end || !text().startsWith(closed.substring(0, further))) {
        break;
      }
      end = further;
    }
    return end;
  }

  private int contentEnd(int turn, String suffix) {
    String closed = first(turn + 1, "");
    if (!closed.endsWith(suffix)) {
      throw new IllegalArgumentException("the chat template ends " + named(turn) + " depending on its content.");
    }
    return prefix(closed.substring(0, closed.length() - suffix.length()), turn);
  }

  /** What the template writes behind a turn's content. */
  private String suffix(int turn) {
    String text = withPlaceholder(turn);
    return text.substring(text.lastIndexOf(placeholder) + placeholder.length());
  }

  private String withPlaceholder(int turn) {
    if (!writes(turn)) {
      throw new IllegalArgumentException("the chat template leaves out " + named(turn) + ": take one with this role.");
    }
    return upTo(turn);
  }

  /** The messages up to a turn, with the placeholder for its content. */
  private String upTo(int turn) {
    Message message = messages().get(turn);
    List<Message> messages = new ArrayList<>(messages().subList(0, turn));
    messages.add(new Message(message.role(), placeholder, message.extra()));
    return rendered(new Prompt(messages, ""));
  }

  /** The first messages and what opens a turn of the role {@code opening}. */
  private String first(int turns, String opening) {
    return rendered(new Prompt(messages().subList(0, turns), opening));
  }

  private String rendered(Prompt prompt) {
    return rendered.computeIfAbsent(prompt, key -> render(key).text());
  }

  /** {@code add_generation_prompt} is the usual flag for the assistant. */
  private RenderedTemplate render(Prompt prompt) {
    Map<String, Object> all = new LinkedHashMap<>(variables);
    if (!prompt.opening().isEmpty()) {
      all.put("add_" + prompt.opening() + "_generation_prompt", true);
    }
    return template.renderWithGeneration(prompt.messages(), prompt.opening().equals("assistant"), all);
  }

  private int prefix(String text, int turn) {
    if (!text().startsWith(text)) {
      throw new IllegalArgumentException("the chat template renders the prompt differently once turn " + (turn + 1)
          + " follows: use one that only appends, or one with {% generation %} blocks.");
    }
    return text.length();
  }

  private String named(int turn) {
    return "turn " + (turn + 1) + " (" + messages().get(turn).role() + ")";
  }
}
