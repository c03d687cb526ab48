package org.coldstart.data;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.io.jinja.RenderedTemplate;
import org.coldstart.io.jinja.Span;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.ChatTemplate;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A conversation rendered by the chat template, which knows where each turn lies in the text.
 *
 * <p>
 * A turn is found by rendering the conversation once more with a placeholder for what the turn says: what stands around
 * it must begin and end the text itself. So templates may write earlier turns otherwise than the last one (Qwen3, R1),
 * and something else than a content (a tool call).
 */
final class ChatRow {

  /** Messages and the role whose turn is opened behind them; empty for none. */
  private record Prompt(List<Message> messages, String opening) {}

  /**
   * Where a turn's own words stand.
   *
   * @param start of the first, -1 where the template writes something else in front of them than around the placeholder
   * @param end of the last, -1 likewise
   * @param suffix what follows the last where this turn ends the conversation
   */
  private record Words(int start, int end, String suffix) {}

  private final Conversation conversation;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final Map<String, Object> variables;

  /** Stands in for what a turn says, to see what the template writes around that. */
  private final String placeholder;

  private final RenderedTemplate whole;
  private final Map<Prompt, String> rendered = new HashMap<>();
  private final Map<Integer, Optional<Words>> words = new HashMap<>();

  ChatRow(Conversation conversation, Tokenizer tokenizer, Map<String, ?> variables, Clock clock) {
    this.conversation = conversation;
    this.tokenizer = tokenizer;
    this.variables = new LinkedHashMap<>(tokenizer.specialTokens());
    this.variables.putAll(variables);
    this.variables.putAll(conversation.variables());
    this.template = tokenizer.chatTemplate(this.variables).withClock(clock);
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

  /**
   * These parts but for the turns whose {@code weight} is 0, as in OpenAI's files.
   *
   * @throws IllegalArgumentException for a weight other than 0 and 1
   */
  List<Span> withoutWeightless(List<Span> parts) {
    List<Span> left = parts;
    for (int turn = 0; turn < messages().size(); turn++) {
      Object weight = messages().get(turn).extra().getOrDefault("weight", 1);
      double value = weight instanceof Number number ? number.doubleValue() : Double.NaN;
      if (value == 0) {
        left = without(turn(turn), left);
      } else if (value != 1) {
        throw new IllegalArgumentException(named(turn) + " has the weight " + weight + ": it can be 0 or 1.");
      }
    }
    return left;
  }

  private static List<Span> without(Span gap, List<Span> parts) {
    return parts.stream()
      .flatMap(part -> Stream.of(new Span(part.start(), Math.max(part.start(), Math.min(part.end(), gap.start()))),
          new Span(Math.min(part.end(), Math.max(part.start(), gap.end())), part.end())))
      .filter(part -> part.length() > 0)
      .toList();
  }

  /** The part of a turn that the model is to write. */
  Span turn(int turn) {
    Message message = messages().get(turn);
    if (message.extra().isEmpty() && isBlank(message.content())) {
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
   * {@code add_<role>_generation_prompt}; without one, and in the first turn, where its words begin.
   */
  int start(int turn) {
    String role = messages().get(turn).role();
    String closed = turn == 0 ? "" : first(turn, "");
    String opened = turn == 0 ? "" : first(turn, role);
    boolean prompted = !opened.isEmpty() && (role.equals("assistant") || opened.length() > closed.length());
    if (prompted && text().startsWith(opened)) {
      return opened.length();
    }
    if (prompted && !opened.startsWith(closed)) {
      throw new IllegalArgumentException("the chat template renders the prompt differently once turn " + (turn + 1)
          + " follows: use one that only appends, or one with {% generation %} blocks.");
    }
    Words own = written(turn);
    int behind = prompted ? behindHeader(opened.substring(closed.length()), turn, own) : -1;
    if (behind < 0 && own.start() < 0) {
      throw dependsOnContent("begins", turn);
    }
    return behind < 0 ? own.start() : behind;
  }

  /**
   * Where a turn's header ends in the text, if the turns before it are written otherwise than in the prompt. The prompt
   * may open more than finished turns have, such as a {@code <think>}: then its header counts up to there.
   */
  private int behindHeader(String header, int turn, Words own) {
    int before = own.start() < 0 ? own.end() : own.start();
    int from = headerStart(turn);
    return Stream
      .concat(TokenizedSpans.specialTokens(header, tokenizer).stream().map(Span::end),
          IntStream.range(0, header.length()).filter(i -> header.charAt(i) == '\n').mapToObj(i -> i + 1))
      .sorted(Comparator.reverseOrder())
      .filter(cut -> text().lastIndexOf(header.substring(0, cut), before - cut) >= from)
      .map(cut -> text().lastIndexOf(header.substring(0, cut), before - cut) + cut)
      .findFirst()
      .orElse(-1);
  }

  /** Where a turn's header begins: behind the words of the last turn before it that the template writes. */
  int headerStart(int turn) {
    int before = turn - 1;
    while (before >= 0 && !writes(before)) {
      before--;
    }
    return before < 0 ? 0 : wordsEnd(before);
  }

  /** Whether the template writes a turn: many fold the system message into the user's turn. */
  boolean writes(int turn) {
    return words(turn).isPresent();
  }

  /** Where a turn ends: behind its end-of-turn token, before what the template puts after that. */
  private int end(int turn) {
    int from = wordsEnd(turn);
    String suffix = written(turn).suffix();
    List<Span> stops = TokenizedSpans.specialTokens(suffix, tokenizer);
    if (!stops.isEmpty() && !text().startsWith(suffix.substring(0, stops.get(0).end()), from)) {
      suffix = text().substring(from); // ends otherwise where more turns follow
      stops = TokenizedSpans.specialTokens(suffix, tokenizer).stream().limit(1).filter(s -> s.start() == 0).toList();
    }
    if (stops.isEmpty()) {
      throw new IllegalArgumentException(
          "the chat template writes no end-of-turn token" + TokenizedSpans.example(tokenizer) + " after turn "
              + (turn + 1) + ", so the model would not learn to stop.");
    }
    int end = stops.get(0).end();
    // A turn may end with several such tokens in a row, and every turn with the same ones.
    for (Span next : stops.subList(1, stops.size())) {
      if (next.start() > end || !text().startsWith(suffix.substring(0, next.end()), from)) {
        break;
      }
      end = next.end();
    }
    return from + end;
  }

  private int wordsEnd(int turn) {
    int end = written(turn).end();
    if (end < 0) {
      throw dependsOnContent("ends", turn);
    }
    return end;
  }

  private Words written(int turn) {
    return words(turn).orElseThrow(() -> new IllegalArgumentException(
        "the chat template leaves out " + named(turn) + ": take one with this role."));
  }

  private Optional<Words> words(int turn) {
    return words.computeIfAbsent(turn, this::find);
  }

  /** Looks for the content, and where a turn says something else, or more, for that too. */
  private Optional<Words> find(int turn) {
    Message message = messages().get(turn);
    List<Words> found = new ArrayList<>();
    if (!isBlank(message.content()) || message.extra().isEmpty()) {
      find(turn, new Message(message.role(), placeholder, message.extra())).ifPresent(found::add);
    }
    PlaceholderFields.of(message, placeholder).forEach(marked -> find(turn, marked).ifPresent(found::add));
    if (found.isEmpty()) {
      return find(turn, new Message(message.role(), placeholder, message.extra()));
    }
    int start = found.stream().mapToInt(Words::start).filter(at -> at >= 0).min().orElse(-1);
    Words last = Collections.max(found, Comparator.comparingInt(Words::end));
    return Optional.of(new Words(start, last.end(), last.suffix()));
  }

  private Optional<Words> find(int turn, Message marked) {
    List<Message> all = new ArrayList<>(messages());
    all.set(turn, marked);
    String text = attempt(new Prompt(all, ""));
    int last = text.lastIndexOf(placeholder);
    if (last < 0) {
      return Optional.empty();
    }
    String before = text.substring(0, text.indexOf(placeholder));
    String behind = text.substring(last + placeholder.length());
    String closed = attempt(new Prompt(all.subList(0, turn + 1), ""));
    int closing = closed.lastIndexOf(placeholder);
    return Optional.of(new Words(text().startsWith(before) ? before.length() : -1,
        text().endsWith(behind) ? text().length() - behind.length() : -1,
        closing < 0 ? behind : closed.substring(closing + placeholder.length())));
  }

  /** The first messages and what opens a turn of the role {@code opening}; empty if the template refuses them. */
  private String first(int turns, String opening) {
    return attempt(new Prompt(messages().subList(0, turns), opening));
  }

  private String attempt(Prompt prompt) {
    return rendered.computeIfAbsent(prompt, key -> {
      try {
        return render(key).text();
      } catch (TemplateException refused) {
        return "";
      }
    });
  }

  /** {@code add_generation_prompt} is the usual flag for the assistant. */
  private RenderedTemplate render(Prompt prompt) {
    Map<String, Object> all = new LinkedHashMap<>(variables);
    if (!prompt.opening().isEmpty()) {
      all.put("add_" + prompt.opening() + "_generation_prompt", true);
    }
    return template.renderWithGeneration(prompt.messages(), prompt.opening().equals("assistant"), all);
  }

  private IllegalArgumentException dependsOnContent(String verb, int turn) {
    return new IllegalArgumentException("the chat template " + verb + " " + named(turn)
        + " depending on its content: set one made for training, tokenizer.setChatTemplate(jinja), with"
        + " {% generation %} around what the model writes; TrainingChatTemplate has those of Qwen3 and R1.");
  }

  private static boolean isBlank(String content) {
    return content == null || content.isBlank();
  }

  private String named(int turn) {
    return "turn " + (turn + 1) + " (" + messages().get(turn).role() + ")";
  }
}
