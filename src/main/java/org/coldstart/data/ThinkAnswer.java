package org.coldstart.data;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The reply the article teaches, {@code <think>reasoning</think><answer>answer</answer>}.
 *
 * @param reasoning the text between the think tags
 * @param answer the text between the answer tags
 */
public record ThinkAnswer(String reasoning, String answer) {

  /** The four new tokens, in the order in which a reply uses them. */
  public static final List<String> TOKENS = List.of("<think>", "</think>", "<answer>", "</answer>");

  private static final Pattern REPLY = Pattern.compile("\\s*<think>(.*)</think>\\s*<answer>(.*)</answer>\\s*",
      Pattern.DOTALL);

  /**
   * A row of the article's data set as question and reply.
   *
   * @param row with the columns {@code instruction}, {@code reasoning} and {@code output}
   * @throws DataException if one of them is missing, naming row and column
   */
  public static PromptCompletion promptCompletion(DataRow row) {
    ThinkAnswer reply = new ThinkAnswer(row.text("reasoning"), row.text("output"));
    return PromptCompletion.of(row.text("instruction"), reply.format());
  }

  /** The reply as text. */
  public String format() {
    return "<think>" + reasoning + "</think><answer>" + answer + "</answer>";
  }

  /**
   * Reads a reply that has each tag exactly once, in order, with something between each pair and nothing but white
   * space outside; empty for any other.
   */
  public static Optional<ThinkAnswer> parse(String reply) {
    Matcher matcher = REPLY.matcher(reply);
    boolean once = TOKENS.stream().allMatch(tag -> reply.indexOf(tag) == reply.lastIndexOf(tag));
    if (!once || !matcher.matches() || matcher.group(1).isBlank() || matcher.group(2).isBlank()) {
      return Optional.empty();
    }
    return Optional.of(new ThinkAnswer(matcher.group(1).strip(), matcher.group(2).strip()));
  }
}
