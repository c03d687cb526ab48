package org.coldstart.tools.study;

import java.nio.file.Path;
import java.util.List;
import org.coldstart.model.Machine;
import org.coldstart.model.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine;

/** Runs that are too long for a notebook, their results kept in CSV files. */
@Command(name = "environment/study", mixinStandardHelpOptions = true, subcommands = InitStudy.class, description = "Long runs of the notebooks' recipes. Stop and start them as you like: what is done is not repeated.")
public final class RunStudy {

  /** What all recipes can be told. */
  static final class Common {
    @Option(names = "--model", description = "name or path (default: ${DEFAULT-VALUE})")
    private String model = "SmolLM2-135M-Instruct";

    @Option(names = "--out", description = "folder of CSV files and replies (default: ${DEFAULT-VALUE})")
    private Path out = Path.of("data/studies");

    @Option(names = "--checkpoints", description = "folder of the runs at work (default: ${DEFAULT-VALUE})")
    private Path checkpoints = Path.of("output/study");

    @Option(names = "--questions", description = "held-out questions, at most (default: ${DEFAULT-VALUE})")
    private int questions = 200;

    @Option(names = "--seed", description = "default: ${DEFAULT-VALUE}")
    private long seed = 1;

    @Option(names = "--machine", description = "a note for the results (default: threads and precision)")
    private String machine;

    private RecipeStudy study() {
      String note = machine != null ? machine : Machine.threads() + " threads, " + Precision.fastest();
      return new RecipeStudy(model, out, checkpoints, questions, seed, note);
    }

    private void run(String csv, Recipe recipe, List<Integer> rows, int epochs) {
      RecipeStudy study = study();
      rows.forEach(count -> study.run(csv, recipe, count, epochs));
    }
  }

  /** Entry point of {@code environment/study}. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new RunStudy()).execute(arguments));
  }

  @Command(mixinStandardHelpOptions = true, description = "Notebook 04's recipe, think and answer tags, over more and more rows.")
  void rows(@Mixin Common common,
      @Option(names = "--rows", split = ",", defaultValue = "192,1000,3000", description = "default: ${DEFAULT-VALUE}") List<Integer> rows) {
    common.run("rows.csv", new Recipe.Tags(), rows, 1);
  }

  @Command(mixinStandardHelpOptions = true, description = "Notebook 07's recipe over all conversations; 0 rows are the model before.")
  void instruction(@Mixin Common common,
      @Option(names = "--rows", split = ",", defaultValue = "0,362", description = "default: ${DEFAULT-VALUE}") List<Integer> rows,
      @Option(names = "--epochs", defaultValue = "3", description = "default: ${DEFAULT-VALUE}") int epochs) {
    common.run("instruction.csv", new Recipe.Instruction(), rows, epochs);
  }

  @Command(mixinStandardHelpOptions = true, description = "Notebook 09's reasoning role, as one token and as plain text.")
  void role(@Mixin Common common,
      @Option(names = "--rows", split = ",", defaultValue = "2000", description = "default: ${DEFAULT-VALUE}") List<Integer> rows) {
    common.run("role.csv", new Recipe.Role(true), rows, 1);
    common.run("role.csv", new Recipe.Role(false), rows, 1);
  }

  @Command(mixinStandardHelpOptions = true, description = "Notebook 12's reinforcement on the model that notebook 04's recipe begins, and rejection sampling beside it.")
  void reinforcement(@Mixin Common common,
      @Option(names = "--cold-rows", defaultValue = "3000", description = "of the cold start (default: ${DEFAULT-VALUE})") int coldRows,
      @Option(names = "--steps", defaultValue = "200", description = "of GRPO (default: ${DEFAULT-VALUE})") int steps,
      @Option(names = "--every", defaultValue = "20", description = "steps between two measurements (default: ${DEFAULT-VALUE})") int every,
      @Option(names = "--replies", defaultValue = "256", description = "a step (default: ${DEFAULT-VALUE})") int replies,
      @Option(names = "--learning-rate", defaultValue = "5e-6", description = "default: ${DEFAULT-VALUE}") double learningRate) {
    new ReinforcementStudy(common.study(), coldRows, steps, every, replies, learningRate).run();
  }
}
