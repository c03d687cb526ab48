package org.coldstart.train;

import java.util.List;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Group relative policy optimisation (Shao et al., 2024): the model answers each prompt several times, and what was
 * better than its group's mean becomes likelier, what was worse less likely.
 *
 * <pre>{@code
 * List<Prompt> prompts = rows.stream()
 *     .map(row -> new Prompt(generator.promptIds(List.of(Message.user(row.text("question")))), row)).toList();
 * new GrpoTrainer(model, tokenizer, config, prompts, List.of(Reward.exact("answer"))).train();
 * }</pre>
 *
 * <p>
 * The log has {@code reward}, {@code reward_std}, {@code frac_reward_zero_std} (the share of groups whose replies all
 * got the same reward, and that teach nothing), each reward's {@code rewards/NAME/mean}, {@code
 * completions/mean_length}, {@code completions/clipped_ratio} (the share cut at the limit), with a reference {@code
 * kl}, and with several updates a batch {@code clip_ratio/region_mean}. A step without anything to learn leaves the
 * weights as they are, and counts in {@code steps_without_update}, a share. An adapter's dropout is off.
 *
 * <p>
 * There are no evaluation rows: have a listener measure what the rewards stand for. A run that was resumed takes the
 * same steps if the rewards give the same numbers.
 */
public final class GrpoTrainer extends Trainer {

  /** A trainer without a reference; β above 0 then takes the model without its adapter for one. */
  public GrpoTrainer(CausalLm model, Tokenizer tokenizer, GrpoConfig config, List<Prompt> prompts,
      List<Reward> rewards) {
    this(model, null, tokenizer, config, prompts, rewards);
  }

  /**
   * A trainer.
   *
   * @param reference the model that β holds to, asked with every batch of replies; null for none
   * @param prompts none empty; their replies have room in the model's positions
   * @param rewards at least one
   * @throws IllegalArgumentException if a prompt cannot be answered (naming it), there is no reward or two of one name,
   * β is above 0 without a reference, or that has another vocabulary
   */
  public GrpoTrainer(CausalLm model, CausalLm reference, Tokenizer tokenizer, GrpoConfig config, List<Prompt> prompts,
      List<Reward> rewards) {
    super(model, tokenizer, config.training(),
        new GrpoObjective(model, reference, tokenizer, config, prompts, rewards));
  }

  /** The replies that the last step was taken on, group by group; empty before the first. */
  public List<Completion> completions() {
    return ((GrpoObjective) objective).completions();
  }
}
