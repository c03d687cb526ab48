package org.coldstart.train;

import java.util.List;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Supervised fine-tuning: trains a model, or what was chosen of it, to predict the kept tokens of examples.
 *
 * <pre>{@code
 * TrainingResult result = new SftTrainer(model, tokenizer, config, train, test).train();
 * result.log().toTable();
 * }</pre>
 *
 * <p>
 * One optimizer step takes {@code gradientAccumulationSteps} micro-batches; {@link TrainingStep} shows what it does
 * with them. Examples may have weights, such as 1 for replies that were right and 0 for the others.
 */
public final class SftTrainer extends Trainer {

  /**
   * A trainer.
   *
   * @param train rows to learn from, none longer than {@code maxLength}, each with a kept token; of
   * {@link org.coldstart.data.ExampleShards} only a few files are in memory at a time
   * @param eval rows the loss is watched on; may be empty
   * @throws IllegalArgumentException if a row carries no loss or is too long (naming it), or the configuration goes by
   * an eval loss and there are no rows for it
   */
  public SftTrainer(CausalLm model, Tokenizer tokenizer, SftConfig config, List<Example> train, List<Example> eval) {
    super(model, tokenizer, config, new SftObjective(model, config, train, eval));
    check(model, tokenizer, config, train, "Training row");
    check(model, tokenizer, config, eval, "Evaluation row");
  }
}
