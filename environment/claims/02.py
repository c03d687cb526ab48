nb = notebook("02")
start = "<|im_start|>"
holds("it expects the next turn to open", number(nb.cell("1 " + start, "probability", "before")) > 0.5)
p = [float(x) for x in nb.column("probability", "after")]
holds("one bar of almost 1 became five equal bars",
      number(nb.cell("1 " + start, "probability", "before")) > 0.95 and len(set(p[:5])) == 1 and p[4] > 100 * p[5])
holds("One fifth each, as in the article.", abs(p[0] - 0.2) < 0.005)
holds("There the copied token is not expected, so neither are its copies",
      float(nb.cell("where a reply begins", "cloned row", "P(<think>)")) < 1e-4)
first, second = (float(nb.cell(row, "probability", "cell-17")) for row in (start, "it and its four copies"))
holds("Together the five have even a little more than the one had before", first < second < first + 0.05)
cosines = "cosines between rows"
claim("The two that open and close a turn come close, at {}", nb.cell(start, "<|im_end|>", cosines))
holds("ours are exactly equal", set(nb.rows(cosines)[3][3:7]) == {"1.00"})
holds("Most pairs of tokens are well apart.", max(abs(float(nb.cell("the", c, cosines))) for c in (start, "·blue")) < 0.5)
holds("Resizing adds rows and leaves all that was there untouched.",
      all(nb.cell(row, "before", "Hello!") == nb.cell(row, "after", "Hello!") for row in ("as in the article", "after the")))
holds("Not a word differs", nb.cell("as in the article", "before", "Hello!") != "")
holds("A mean row gives a new token no chance", float(nb.find(r"P\(<think>\) = (\S+)")) < 1e-6)
given("a scale for every 32", "32 bits each", "lets it write 100 tokens")
