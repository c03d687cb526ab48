package org.coldstart.scale;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry point of {@code environment/scale}: a job in one command, its errors in one sentence. */
@Command(name = "environment/scale", mixinStandardHelpOptions = true, subcommands = {PrepareRows.class,
  GenerateReplies.class, RunStudies.class}, description = "Rows, replies and studies on Spark.")
public final class Scale {

  /** Runs the command and ends the driver with its status. */
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new Scale());
    line.getSubcommands().get("study").setStopAtPositional(true);
    line.setExecutionExceptionHandler((failure, command, parsed) -> {
      System.err.println(sentence(failure));
      return 1;
    });
    System.exit(line.execute(arguments));
  }

  /** What a worker or the library has to say about it, without Spark's account of tasks and stages. */
  static String sentence(Throwable failure) {
    Throwable last = failure;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause.getClass().getName().startsWith("org.coldstart.")) {
        return cause.getMessage();
      }
      last = cause;
    }
    return last.toString();
  }
}
