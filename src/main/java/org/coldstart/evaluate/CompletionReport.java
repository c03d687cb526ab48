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
   * @param expected the right completion, without spaces around it
   * @param reply what the model wrote
   */
  public record Completion(String prompt, String expected, Generation reply) {

    /** Whether the whole text, but for spaces around it, is the right one. */
    public boolean right() {
      return reply.text().strip().equals(expected);
    }
  }

  /** Completions that are right to the letter. */
  public Proportion right() {
    return Proportion.of(completions, Completion::right);
  }

  /** Completions that the model ended itself. */
  public Proportion ended() {
    return Proportion.of(completions, completion -> completion.reply().ended());
  }

  /** Prompt, expected and actual completion, and the verdict of each. */
  public Table toTable() {
    return Table.create("completions",
        StringColumn.create("prompt", completions.stream().map(Completion::prompt).toList()),
        StringColumn.create("expected", completions.stream().map(Completion::expected).toList()),
        StringColumn.create("completion", completions.stream().map(c -> c.reply().text().strip()).toList()),
        BooleanColumn.create("right", completions.stream().map(Completion::right).toList()));
  }
}
