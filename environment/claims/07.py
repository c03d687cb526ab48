nb = notebook("07")
ended, tokens, loss = (tuple(number(nb.cell(row, when, "cell-18")) for when in ("before", "after"))
                       for row in ("ended", "tokens of a reply", "loss on held-out"))
claim("After {} steps most held-out replies end by themselves", nb.column("step", "training log")[-1])
holds("most held-out replies end by themselves, where most ran into the limit before, and they are about half as long",
      ended[1] > 55 and ended[0] < 45 and 0.4 < tokens[1] / tokens[0] < 0.6)
holds("The loss on held-out replies falls with that of the rows just seen", loss[1] < loss[0])
after = nb.column("after", "cell-16")
holds("In this run one of the three replies says nothing at all, and one counts on to the limit.",
      after.count("(nothing)") == 1 and sum(reply.endswith("✂") and "5." in reply for reply in after) == 1)
lone = [number(nb.cell("replies that begin", when, "cell-23")) for when in ("before", "after")]
holds("After training more replies open with a lone space (the intervals overlap", lone[0] < lone[1])
holds("one, the price of five tickets, comes out right", "= 60" in nb.cell("A ticket costs $12.", "after", "cell-21"))
claim("and {} questions leave wide intervals", nb.find("([0-9]+) held out"))
given("with at most 100 tokens", "takes the first 100 rows; that is 13 steps")
