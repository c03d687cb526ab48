package org.coldstart.study;

import static org.coldstart.study.StudyFile.decimals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVRecord;

/**
 * The result of one run.
 *
 * @param initialization its name
 * @param seed of the rows' random values, of the order of training rows and of sampling
 * @param steps optimizer steps trained
 * @param wellFormedGreedy share of held-out replies with the taught shape, likeliest token each time
 * @param wellFormedT07 the same when sampled at temperature 0.7
 * @param wellFormedT10 the same at temperature 1
 * @param exact share of greedy replies that are well-formed with the right answer
 * @param ownPlace mean probability of the four new tokens, each at its own place in held-out replies
 * @param distanceBefore mean distance between two of the new rows before training
 * @param distanceAfter the same after training
 * @param seconds wall-clock time of the run
 * @param losses held-out losses during training
 */
public record StudyRun(String initialization, long seed, int steps, double wellFormedGreedy, double wellFormedT07,
    double wellFormedT10, double exact, double ownPlace, double distanceBefore, double distanceAfter, double seconds,
    List<Point> losses) {

  private static final String[] HEADER = {"initialization", "seed", "steps", "well_formed_greedy", "well_formed_t0.7",
    "well_formed_t1.0", "exact", "own_place", "distance_before", "distance_after", "seconds", "eval_losses"};

  /** Held-out loss after a number of steps. */
  public record Point(int step, double loss) {}

  /**
   * Reads the runs of a CSV file of one line a run, held-out losses as {@code step:loss} pairs in a column; none if
   * there is no file.
   *
   * @throws IllegalArgumentException if it is not a study's, naming the line
   */
  public static List<StudyRun> readAll(Path file) {
    return StudyFile.readAll(file, StudyRun::of);
  }

  private static StudyRun of(CSVRecord line) {
    return new StudyRun(line.get("initialization"), Long.parseLong(line.get("seed")),
        Integer.parseInt(line.get("steps")), number(line, "well_formed_greedy"), number(line, "well_formed_t0.7"),
        number(line, "well_formed_t1.0"), number(line, "exact"), number(line, "own_place"),
        number(line, "distance_before"), number(line, "distance_after"), number(line, "seconds"),
        Arrays.stream(line.get("eval_losses").split(" ")).map(StudyRun::point).toList());
  }

  private static double number(CSVRecord line, String column) {
    return Double.parseDouble(line.get(column));
  }

  private static Point point(String pair) {
    String[] parts = pair.split(":");
    return new Point(Integer.parseInt(parts[0]), Double.parseDouble(parts[1]));
  }

  /** Writes all runs, replacing the file in one move. */
  public static void writeAll(Path file, List<StudyRun> runs) {
    StudyFile.writeAll(file, HEADER, runs, StudyRun::fields);
  }

  private static Object[] fields(StudyRun run) {
    return new Object[] {run.initialization(), run.seed(), run.steps(), decimals(run.wellFormedGreedy(), 4),
      decimals(run.wellFormedT07(), 4), decimals(run.wellFormedT10(), 4), decimals(run.exact(), 4),
      decimals(run.ownPlace(), 6), decimals(run.distanceBefore(), 4), decimals(run.distanceAfter(), 4),
      decimals(run.seconds(), 1),
      run.losses()
        .stream()
        .map(point -> point.step() + ":" + decimals(point.loss(), 4))
        .collect(Collectors.joining(" "))};
  }
}
