package org.coldstart.train;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.generate.Generation;

/**
 * A reward function with a name, for the log and for messages, and its weight among others.
 *
 * <pre>{@code
 * List.of(Reward.exact("answer", "<answer>(.*?)</answer>"),
 *     Reward.form("(?s)<think>.*</think>\\s*<answer>.*</answer>").withWeight(0.2),
 *     Reward.of("polite", (row, reply) -> reply.text().contains("please") ? 1 : 0));
 * }</pre>
 *
 * @param name unlike those of the others
 * @param weight its factor in the sum of all; TRL's {@code reward_weights}
 * @param function the reward of one reply
 */
public record Reward(String name, double weight, RewardFunction function) {

  /** A reward of weight 1. */
  public static Reward of(String name, RewardFunction function) {
    return new Reward(name, 1, function);
  }

  /** The same with another weight. */
  public Reward withWeight(double value) {
    return new Reward(name, value, function);
  }

  /** 1 for a reply whose whole text, but for white space around it, matches a regular expression; else 0. */
  public static Reward form(String regex) {
    Pattern pattern = Pattern.compile(regex);
    return of("form", (row, reply) -> pattern.matcher(reply.text().strip()).matches() ? 1 : 0);
  }

  /** 1 for a reply whose text is that of the row's column, but for white space around it; else 0. */
  public static Reward exact(String column) {
    return exact(column, "(?s)(.*)");
  }

  /** The same for a part of the reply: the first group of the first match of a regular expression. */
  public static Reward exact(String column, String regex) {
    Pattern pattern = Pattern.compile(regex);
    return of("exact", (row, reply) -> {
      Matcher answer = pattern.matcher(reply.text());
      return answer.find() && answer.group(1).strip().equals(row.text(column).strip()) ? 1 : 0;
    });
  }

  /**
   * 0 for a reply of up to {@code longest − soft} tokens, from there falling to −1 at {@code longest}, and −1 for one
   * that was cut off: TRL's {@code get_soft_overlong_punishment} (DAPO, Yu et al., 2025).
   */
  public static Reward length(int longest, int soft) {
    return of("length", (row, reply) -> reply.stop() == Generation.Stop.LENGTH ? -1
        : Math.max(-1, Math.min(0, (longest - soft - reply.ids().length) / (double) soft)));
  }
}
