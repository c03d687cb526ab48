package org.coldstart.study;

import static org.coldstart.study.StudyFile.decimals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.csv.CSVRecord;
import org.coldstart.evaluate.Proportion;

/**
 * A line of a long run's results: over all held-out questions, or over those of one kind.
 *
 * @param model that was trained
 * @param recipe which notebook's, in a word or two
 * @param rows to learn from; 0 for the model before training
 * @param epochs how often it saw them
 * @param steps optimizer steps
 * @param seed of the order of rows and of the new rows' noise
 * @param kind of problem, or {@link #ALL}
 * @param questions asked, held out and answered greedily
 * @param replyCounts how many replies ended by themselves, were well-formed, exact, and exact by reasoning that
 * holds; −1 where that means nothing
 * @param tokensAReply mean length of a reply
 * @param lossBefore on held-out rows
 * @param lossAfter the same after training
 * @param tokensPerSecond of training
 * @param seconds of training, evaluation and saving included
 * @param machine what ran it
 */
public record RecipeRun(String model, String recipe, int rows, int epochs, int steps, long seed, String kind,
    int questions, Counts replyCounts, double tokensAReply, double lossBefore, double lossAfter,
    double tokensPerSecond, double seconds, String machine) {

  /** Of the line over all kinds. */
  public static final String ALL = "all";

  private static final String[] HEADER = {"model", "recipe", "rows", "epochs", "steps", "seed", "kind", "questions",
    "ended", "well_formed", "exact", "reasoning_holds", "tokens_a_reply", "loss_before", "loss_after",
    "tokens_per_second", "seconds", "machine"};

  /** Of replies; −1 where a count means nothing. */
  public record Counts(int ended, int wellFormed, int exact, int reasoningHolds) {}

  /** The lines of a CSV file, a run's line over all kinds before those of each; none if there is no file. */
  public static List<RecipeRun> readAll(Path file) {
    return StudyFile.readAll(file, RecipeRun::of);
  }

  private static RecipeRun of(CSVRecord line) {
    double[] n = Arrays.stream(HEADER)
      .mapToDouble(name -> name.matches("model|recipe|kind|machine") ? 0 : Double.parseDouble(line.get(name)))
      .toArray();
    Counts counts = new Counts((int) n[8], (int) n[9], (int) n[10], (int) n[11]);
    return new RecipeRun(line.get("model"), line.get("recipe"), (int) n[2], (int) n[3], (int) n[4], (long) n[5],
        line.get("kind"), (int) n[7], counts, n[12], n[13], n[14], n[15], n[16], line.get("machine"));
  }

  /** Writes all lines, replacing the file in one move. */
  public static void writeAll(Path file, List<RecipeRun> runs) {
    StudyFile.writeAll(file, HEADER, runs, RecipeRun::fields);
  }

  private Object[] fields() {
    return new Object[] {model, recipe, rows, epochs, steps, seed, kind, questions, replyCounts.ended,
      replyCounts.wellFormed, replyCounts.exact, replyCounts.reasoningHolds, decimals(tokensAReply, 1),
      decimals(lossBefore, 4), decimals(lossAfter, 4), decimals(tokensPerSecond, 0), decimals(seconds, 0), machine};
  }

  /** Whether this is the line over all kinds. */
  public boolean overall() {
    return kind.equals(ALL);
  }

  /** Replies that the model ended itself. */
  public Proportion ended() {
    return new Proportion(replyCounts.ended, questions);
  }

  /** Replies with the taught shape. */
  public Proportion wellFormed() {
    return new Proportion(replyCounts.wellFormed, questions);
  }

  /** Well-formed replies with the right answer. */
  public Proportion exact() {
    return new Proportion(replyCounts.exact, questions);
  }

  /** Exact replies in which every step holds, too. */
  public Proportion reasoningHolds() {
    return new Proportion(replyCounts.reasoningHolds, questions);
  }
}
