package org.coldstart.tools.reasoning;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** Writes the data set of word problems, reads it back and verifies it. */
@Command(name = "generate-reasoning", mixinStandardHelpOptions = true, description = "Writes train.jsonl and test.jsonl with word problems, reads them back and verifies them.")
public final class GenerateReasoning implements Callable<Integer> {
  @Option(names = "--seed", defaultValue = "7", description = "seed of all choices (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(names = "--rows", defaultValue = "10000", description = "rows of both parts together (default: ${DEFAULT-VALUE})")
  private int rows;

  @Option(names = "--out", defaultValue = "data/reasoning", description = "folder (default: ${DEFAULT-VALUE})")
  private Path out;

  @Spec
  private CommandSpec spec;

  public static void main(String[] args) {
    System.exit(new CommandLine(new GenerateReasoning()).execute(args));
  }

  @Override
  public Integer call() {
    generated().write(out);
    SplitRows written = SplitRows.read(out);
    List<String> violations = RowRules.violations(written);
    CommandLine command = spec.commandLine();
    violations.forEach(command.getErr()::println);
    command.getOut()
      .println(out + ": " + written.train().size() + " training rows, " + written.test().size() + " held-out rows, "
          + (violations.isEmpty() ? "verified" : violations.size() + " violations"));
    return violations.isEmpty() ? 0 : 1;
  }

  private SplitRows generated() {
    try {
      return new ProblemGenerator(seed).generate(rows);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
