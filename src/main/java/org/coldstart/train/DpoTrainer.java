package org.coldstart.train;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.Example;
import org.coldstart.data.PreferencePair;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Direct preference optimisation (Rafailov et al., 2023): makes the better of two replies likelier and the worse one
 * less likely, as seen from a reference, the model before training.
 *
 * <pre>{@code
 * TrainingResult result = new DpoTrainer(model, tokenizer, config, pairs, heldOut).train();
 * result.log().entries().get(0).metrics().get("rewards/accuracies");
 * }</pre>
 *
 * <p>
 * The reference's log-probabilities are worked out when the trainer is made, one pass over all pairs, so that no second
 * model stays in memory. The log has {@code rewards/chosen}, {@code rewards/rejected}, {@code rewards/margins}, {@code
 * rewards/accuracies}, {@code logps/chosen} and {@code logps/rejected}; its {@code evalMeanTokenAccuracy} is the share
 * of held-out pairs whose chosen reply has the greater reward. An adapter's dropout is off.
 */
public final class DpoTrainer extends Trainer {

  /** A trainer whose reference is the model as it is now, without the adapter if it has one. */
  public DpoTrainer(CausalLm model, Tokenizer tokenizer, DpoConfig config, List<PreferencePair> train,
      List<PreferencePair> eval) {
    this(model, null, tokenizer, config, train, eval);
  }

  /**
   * A trainer.
   *
   * @param reference the model that β holds to, needed only here; null for the model itself as it is now
   * @param train pairs to learn from; both replies of each have a kept token and at most {@code maxLength} tokens
   * @param eval pairs the loss is watched on; may be empty
   * @throws IllegalArgumentException if the replies of a pair do not differ or cannot be trained on (naming it), or the
   * reference has another vocabulary than the model
   * @throws java.util.concurrent.CancellationException if the thread is interrupted during the reference's pass
   */
  public DpoTrainer(CausalLm model, CausalLm reference, Tokenizer tokenizer, DpoConfig config,
      List<PreferencePair> train, List<PreferencePair> eval) {
    super(model, tokenizer, config.training(), objective(model, reference, tokenizer, config, train, eval));
  }

  private static DpoObjective objective(CausalLm model, CausalLm reference, Tokenizer tokenizer, DpoConfig config,
      List<PreferencePair> train, List<PreferencePair> eval) {
    checkVocabulary(model, reference);
    check(model, tokenizer, config, train, "training pair");
    check(model, tokenizer, config, eval, "evaluation pair");
    return DpoObjective.of(model, reference, config, train, eval);
  }

  private static void check(CausalLm model, Tokenizer tokenizer, DpoConfig config, List<PreferencePair> pairs,
      String which) {
    List<Example> chosen = pairs.stream().map(PreferencePair::chosen).toList();
    List<Example> rejected = pairs.stream().map(PreferencePair::rejected).toList();
    check(model, tokenizer, config.training(), chosen, "The chosen reply of " + which);
    check(model, tokenizer, config.training(), rejected, "The rejected reply of " + which);
    List<Integer> same = IntStream.range(0, pairs.size()).filter(i -> !pairs.get(i).differs()).map(i -> i + 1).boxed()
      .toList();
    if (!same.isEmpty()) {
      throw new IllegalArgumentException(Objective.named(which, same)
          + ": chosen and rejected are the same, so there is nothing to learn. Keep pairs whose differs() is true.");
    }
  }
}
