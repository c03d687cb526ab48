package org.coldstart.tools.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.coldstart.data.DataSet;
import org.coldstart.model.Precision;
import org.coldstart.study.Initialization;
import org.coldstart.study.InitializationStudy;
import org.coldstart.study.StudyBudget;
import org.coldstart.study.StudyRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Repeats the study of initializations over seeds and keeps the results in a CSV file.
 *
 * <p>
 * The file is rewritten after each run and runs that it already holds are not repeated, so a study may be stopped and
 * continued, or widened by more seeds.
 */
@Command(name = "init", mixinStandardHelpOptions = true, description = "Compares six ways of starting the embedding rows of new tokens.")
final class InitStudy implements Callable<Integer> {

  private static final int MAX_NEW_TOKENS = 128;

  @Option(names = "--model", description = "name or path (default: ${DEFAULT-VALUE})")
  private String model = "SmolLM2-135M-Instruct";

  @Option(names = "--source", description = "token whose row is cloned (default: ${DEFAULT-VALUE})")
  private String source = "<|im_start|>";

  @Option(names = "--data", description = "folder of train.jsonl and test.jsonl (default: ${DEFAULT-VALUE})")
  private Path data = Path.of("data/reasoning");

  @Option(names = "--out", description = "CSV file (default: ${DEFAULT-VALUE})")
  private Path out = Path.of("data/studies/initialization.csv");

  @Option(names = "--seeds", split = ",", description = "default: 0,1,2")
  private List<Long> seeds = List.of(0L, 1L, 2L);

  @Option(names = "--ways", split = ",", description = "names of initializations (default: all six)")
  private List<String> ways = Initialization.all("").stream().map(Initialization::name).toList();

  @Option(names = "--steps", split = ",", description = "optimizer steps, one study each (default: 24)")
  private List<Integer> steps = List.of(24);

  @Option(names = "--rows", description = "rows a step (default: ${DEFAULT-VALUE})")
  private int rows = 8;

  @Option(names = "--learning-rate", description = "default: ${DEFAULT-VALUE}")
  private double learningRate = 3e-4;

  @Option(names = "--prompts", description = "held-out prompts (default: ${DEFAULT-VALUE})")
  private int prompts = 48;

  @Option(names = "--eval-rows", description = "held-out rows for the loss (default: ${DEFAULT-VALUE})")
  private int evalRows = 24;

  @Override
  public Integer call() {
    List<StudyRun> runs = new ArrayList<>(StudyRun.readAll(out));
    DataSet train = DataSet.load(data.resolve("train.jsonl").toString());
    DataSet test = DataSet.load(data.resolve("test.jsonl").toString());
    for (int budgetSteps : steps) {
      StudyBudget budget = new StudyBudget(budgetSteps, rows, learningRate, evalRows, prompts, MAX_NEW_TOKENS,
          Precision.fastest());
      InitializationStudy study = new InitializationStudy(model, train, test, budget);
      for (long seed : seeds) {
        for (Initialization initialization : Initialization.all(source)) {
          if (ways.contains(initialization.name())
              && runs.stream().noneMatch(run -> same(run, initialization, seed, budgetSteps))) {
            runs.add(study.run(initialization, seed));
            StudyRun.writeAll(out, runs);
            System.out.println(summary(runs.get(runs.size() - 1)));
          }
        }
      }
    }
    return 0;
  }

  private static boolean same(StudyRun run, Initialization initialization, long seed, int steps) {
    return run.initialization().equals(initialization.name()) && run.seed() == seed && run.steps() == steps;
  }

  private static String summary(StudyRun run) {
    return String.format(Locale.ROOT,
        "%-18s seed %d, %d steps: well-formed %.0f %% greedy, %.0f %% at 0.7, %.0f %% at 1;"
            + " exact %.0f %%; own place %.3f; rows %.2f → %.2f apart; %.0f s",
        run.initialization(), run.seed(), run.steps(), 100 * run.wellFormedGreedy(), 100 * run.wellFormedT07(),
        100 * run.wellFormedT10(), 100 * run.exact(), run.ownPlace(), run.distanceBefore(), run.distanceAfter(),
        run.seconds());
  }
}
