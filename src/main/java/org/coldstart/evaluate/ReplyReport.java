package org.coldstart.evaluate;

import java.util.List;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model did on a set of prompts.
 *
 * @param replies in the prompts' order
 */
public record ReplyReport(List<ScoredReply> replies) {

  /** Replies with the taught shape. */
  public Proportion wellFormed() {
    return Proportion.of(replies, ScoredReply::wellFormed);
  }

  /** Well-formed replies with the right answer. */
  public Proportion exact() {
    return Proportion.of(replies, ScoredReply::exact);
  }

  /** Replies of any shape in which the right answer stands somewhere. */
  public Proportion mentioned() {
    return Proportion.of(replies, ScoredReply::mentioned);
  }

  /** Replies that the model ended itself. */
  public Proportion ended() {
    return Proportion.of(replies, scored -> scored.reply().ended());
  }

  /** Prompt, expected answer, reply and verdict of each. */
  public Table toTable() {
    return Table.create(
        "replies",
        StringColumn.create("instruction", replies.stream().map(ScoredReply::instruction).toList()),
        StringColumn.create("expected", replies.stream().map(ScoredReply::expected).toList()),
        StringColumn.create(
            "reply", replies.stream().map(scored -> scored.reply().text()).toList()),
        BooleanColumn.create("well-formed", replies.stream().map(ScoredReply::wellFormed).toList()),
        BooleanColumn.create("exact", replies.stream().map(ScoredReply::exact).toList()));
  }
}
