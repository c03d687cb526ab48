package org.coldstart.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.coldstart.data.Example;
import org.coldstart.model.LossSums;

/**
 * What a run is to learn and from which rows. The loop around it, {@link TrainingRun}, is the same for supervised
 * fine-tuning, preferences and reinforcement: these differ in the weights of the tokens, which are worked out just
 * before a step.
 *
 * @param <R> what a step is made of: a micro-batch, a pair, a prompt
 */
interface Objective<R> {

  /** An epoch's optimizer steps; the same for the same epoch. */
  List<List<R>> steps(int epoch);

  /** The optimizer steps a full run takes. */
  default int totalSteps(SftConfig config) {
    return config.maxSteps() > 0 ? config.maxSteps() : (int) Math.ceil(config.numTrainEpochs() * steps(0).size());
  }

  /** Rows of an epoch, repeats counted. */
  int rows();

  /**
   * A step's rows as examples, weighed with the model as it is now.
   *
   * @throws CancellationException if the thread is interrupted before that is done
   */
  StepBatch weigh(List<R> step, TrainerState state, Failures failures);

  /** Whether there are held-out rows. */
  default boolean evaluates() {
    return false;
  }

  /** The loss of the held-out rows; empty after an interrupt, which stays pending. */
  default Optional<LossSums> evaluate() {
    return Optional.empty();
  }

  /** All that decides which weights a run ends with, by name. */
  Map<String, String> fingerprint();

  /** The rows that examples of a step come from, counted from 1, for messages: "rows 3, 7". */
  String rowNumbers(List<Example> examples);

  /** Numbers with their noun. */
  static String named(String noun, List<Integer> numbers) {
    return noun + (numbers.size() == 1 ? " " : "s ") + numbers.toString().replaceAll("[\\[\\]]", "");
  }
}
