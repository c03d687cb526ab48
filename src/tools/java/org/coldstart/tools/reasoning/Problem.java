package org.coldstart.tools.reasoning;

import java.util.List;
import java.util.function.Predicate;
import org.coldstart.evaluate.Equations;

/**
 * One generated problem: the four columns of a row and the check its answer must pass.
 *
 * @param instruction the question, with every operand in it
 * @param reasoning the way to the answer, step by step
 * @param output the short answer in canonical form: trimmed, no final period
 * @param chain the steps alone, in the order in which they are taken ({@code "63-20=43"})
 * @param check reads an output's text and says whether it is right, by another way than the one that wrote it
 */
public record Problem(String instruction, String reasoning, String output, List<String> chain,
    Predicate<String> check) {

  public Problem {
    chain = List.copyOf(chain);
  }

  /** A problem whose steps are the equations of its reasoning. */
  static Problem ofEquations(String instruction, String reasoning, String output, Predicate<String> check) {
    List<String> steps = Equations.in(reasoning).stream().map(step -> step.replace(" ", "")).toList();
    return new Problem(instruction, reasoning, output, steps, check);
  }

  /** The row to write; throws if the check refuses the answer. */
  ReasoningRow verifiedRow() {
    if (!check.test(output)) {
      throw new IllegalStateException("The second computation refuses \"" + output + "\" as the answer to \""
          + instruction + "\"; mend the kind that made it");
    }
    return new ReasoningRow(instruction, reasoning, output, chain);
  }
}
