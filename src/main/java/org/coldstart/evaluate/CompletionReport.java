package org.coldstart.evaluate;

import java.util.List;
import org.coldstart.generate.Generation;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model completed a set of prompts.
 *
 * @param completions in the prompts' order
 */
public record CompletionReport(List<Completion> completions) {

  /**
   * One of them.
   *
   * @param prompt what the model was given
   * @param expected what was to come, without blanks around it
   * @param reply what came
   */
  public record Completion(String prompt, String expected, Generation reply) {

    /** Whether all of the text, but for blanks around it, is what was to come. */
    public boolean right() {
      return reply.text().strip().equals(expected);
    }
  }

  /** Completions that are what was to come, to the letter. */
  public Proportion right() {
    return Proportion.of(completions, Completion::right);
  }

  /** Completions that the model ended itself. */
  public Proportion ended() {
    return Proportion.of(completions, completion -> completion.reply().ended());
  }

  /** Prompt, what was to come, what came, and the verdict of each. */
  public Table toTable() {
    return Table.create(
        "completions",
        StringColumn.create("prompt", completions.stream().map(Completion::prompt).toList()),
        StringColumn.create("expected", completions.stream().map(Completion::expected).toList()),
        StringColumn.create(
            "completion", completions.stream().map(c -> c.reply().text().strip()).toList()),
        BooleanColumn.create("right", completions.stream().map(Completion::right).toList()));
  }
}
