nb = notebook("09")
ways, budget = ("one token", "plain text"), "one budget, two ways"
form, right, loss = ([number(nb.cell(way, column, budget)) for way in ways] for column in ("well-formed", "right", "after"))
claim("after {} steps nearly every reply is well-formed, and next to no answer is right", nb.cell("steps", "value", "cell-02"))
holds("nearly every reply is well-formed, and next to no answer is right", min(form) > 85 and max(right) < 15)
holds("The token saves a few ids in every turn", number(nb.cell(ways[0], 1, "cell-12")) < number(nb.cell(ways[1], 1, "cell-12")))
holds("all of them only read", nb.cell(ways[0], "with loss", "cell-12") == nb.cell(ways[1], "with loss", "cell-12"))
holds("Phase two reads a handful of ids, however long the conversation is.",
      len(set(nb.column("read between", "cell-22"))) == 1 and number(nb.column("read between", "cell-22")[0]) < 10)
claim("| rows | {} word problems |", nb.cell("rows", "value", "cell-02"))
given("some 20 000, less 2 % held out", "one pass, some 2450", "| longest row, tokens | 1024 | 3000 |",
      "Brackets hold the 95 % interval", "A conversation may have 32 000 tokens")
