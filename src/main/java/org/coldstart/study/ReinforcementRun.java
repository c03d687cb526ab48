package org.coldstart.study;

import static org.coldstart.study.StudyFile.decimals;

import java.nio.file.Path;
import java.util.List;
import org.apache.commons.csv.CSVRecord;

/**
 * A model measured on the way of reinforcement: after the cold start (step 0), after some steps of GRPO, or after
 * rejection sampling.
 *
 * @param model that the cold start began with
 * @param method {@code grpo} or {@code rejection sampling}
 * @param seed of the run
 * @param step optimizer steps after the cold start
 * @param repliesDrawn to learn from, so far
 * @param questions held out and answered greedily
 * @param exact of those answers
 * @param reasoningHolds of the exact ones
 * @param passAt1 share of right replies among eight drawn at temperature 1 for each of some questions
 * @param passAt8 share of those questions that one of the eight answers rightly
 * @param reward mean of the last step's replies; NaN where there was none
 * @param entropy of the model's distribution over those replies' tokens, in nats; NaN likewise
 * @param lossElsewhere on held-out conversations about other things
 * @param machine what ran it
 */
public record ReinforcementRun(String model, String method, long seed, int step, long repliesDrawn, int questions,
    int exact, int reasoningHolds, double passAt1, double passAt8, double reward, double entropy, double lossElsewhere,
    String machine) {

  private static final String[] HEADER = {"model", "method", "seed", "step", "replies_drawn", "questions", "exact",
    "reasoning_holds", "pass_at_1", "pass_at_8", "reward", "entropy", "loss_elsewhere", "machine"};

  /** The lines of a CSV file; none if there is no file. */
  public static List<ReinforcementRun> readAll(Path file) {
    return StudyFile.readAll(file, ReinforcementRun::of);
  }

  private static ReinforcementRun of(CSVRecord line) {
    return new ReinforcementRun(line.get("model"), line.get("method"), Long.parseLong(line.get("seed")),
        Integer.parseInt(line.get("step")), Long.parseLong(line.get("replies_drawn")),
        Integer.parseInt(line.get("questions")), Integer.parseInt(line.get("exact")),
        Integer.parseInt(line.get("reasoning_holds")), number(line, "pass_at_1"), number(line, "pass_at_8"),
        number(line, "reward"), number(line, "entropy"), number(line, "loss_elsewhere"),
        line.get("machine"));
  }

  private static double number(CSVRecord line, String column) {
    return Double.parseDouble(line.get(column));
  }

  /** Writes all lines, replacing the file in one move. */
  public static void writeAll(Path file, List<ReinforcementRun> runs) {
    StudyFile.writeAll(file, HEADER, runs, ReinforcementRun::fields);
  }

  private Object[] fields() {
    return new Object[] {model, method, seed, step, repliesDrawn, questions, exact, reasoningHolds,
      decimals(passAt1, 3), decimals(passAt8, 3), decimals(reward, 3), decimals(entropy, 4),
      decimals(lossElsewhere, 4), machine};
  }

  /** Whether another line measures the same. */
  public boolean sameAs(ReinforcementRun other) {
    return model.equals(other.model) && method.equals(other.method) && seed == other.seed && step == other.step;
  }
}
