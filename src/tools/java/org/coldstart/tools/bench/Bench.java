package org.coldstart.tools.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine;

/** Entry point of our side; {@code environment/bench/run} starts it. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measures one piece of work and writes its figures as JSON.", subcommands = {
  BenchModel.class, BenchTraining.class, BenchGeneration.class, BenchCost.class, BenchGemm.class})
public final class Bench {

  private Bench() {}

  /** Runs one command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Bench()).execute(arguments));
  }
}
