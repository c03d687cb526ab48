nb = notebook("09")
ways, budget = ("one token", "plain text"), "one budget, two ways"
form, right = ([numbers(nb.cell(way, column, budget)) for way in ways] for column in ("well-formed", "right"))
loss = [numbers(nb.cell(way, "loss, held out", budget).replace("→", " "))[1] for way in ways]
claim("end close together, {:.3f} with the token and {:.3f} as text", *loss)
holds("Their held-out losses end close together", abs(loss[0] - loss[1]) < 0.1)
holds("the intervals of their replies overlap", all(a[1] <= b[2] and b[1] <= a[2] for a, b in (form, right)))
claim("one where the text takes {:.0f}", numbers(nb.reproduction()[0][2])[1])
claim("after {} steps nearly every reply is well-formed, and next to no answer is right", nb.cell("steps", "value", "cell-02"))
holds("nearly every reply is well-formed, and next to no answer is right",
      min(share[0] for share in form) > 85 and max(share[0] for share in right) < 15)
holds("a few tokens more in every row", number(nb.cell(ways[0], 1, "two-counts-code")) < number(nb.cell(ways[1], 1, "two-counts-code")))
holds("are the same in both", len(set(nb.column("with loss", "two-counts-code"))) == 1)
was, moved = (number(nb.cell("<|reasoning|>", column, "row-how-far-code")) for column in ("length", "moved by"))
holds("The token's row moved by less than a fiftieth of its length", moved < was / 50)
holds("still lies nearest to the row it was copied from",
      f"from={nb.column('after', 'row-moved-table')[0]}," in nb.find("the new row: (.*)"))
holds("Phase two reads a handful of ids, however long the conversation is.",
      len(set(nb.column("read between", "cell-22"))) == 1 and number(nb.column("read between", "cell-22")[0]) < 10)
claim("| rows | {} word problems |", nb.cell("rows", "value", "cell-02"))
given("| some 20 000 |", "one pass, some 2450", "| longest row, tokens | 1024 | 3000 |", "rows beyond 3000 tokens",
      "2 % of the rows are held out", "Brackets hold the 95 % interval", "A conversation may have 32 000 tokens")
token, plain = (csv_rows("data/studies/role.csv", kind="all", recipe=f"role as {way}")[0] for way in ("token", "text"))
claim("right answers to compare, {} with the token and {} as text", token["exact"], plain["exact"])
claim("Most right answers, {} and {}, have a reasoning that holds", token["reasoning_holds"], plain["reasoning_holds"])
half = 1.96 * (0.25 / int(token["questions"])) ** 0.5
holds("the intervals still overlap", (int(token["exact"]) - int(plain["exact"])) / int(token["questions"]) < 2 * half)
claim("2000 rows instead of 96, 16 a step, one seed, and {} held-out questions", token["questions"])
holds("Right answers come with rows, in both ways alike.",
      min(int(way["exact"]) for way in (token, plain)) > 4 * max(share[0] for share in right) / 100 * int(token["questions"]) / 2)
claim("The same over {} rows", token["rows"])
claim("from one seed and {} questions no one can tell", token["questions"])
