nb = notebook("10")
holds("what was likely once is likely again", nb.find(r"\n( a wise .*)").count("Elwes") > 1 or "LENGTH" in nb.text)
holds("Under top-k 1 the draw is greedy, and must give the library's tokens.", "equal: true" in nb.text)
holds("The same tokens, another time:", float(nb.find("; ([0-9.]+) s by hand")) > float(nb.find("by hand, ([0-9.]+) s with")))
twice = "a logit of 6.0"
holds("so a token that stood there twice is punished twice", float(nb.cell("2 times", 1, twice)) < float(nb.cell("2 times", 2, twice)))

distinct = {row: float(nb.cell(row, "distinct-2", "cell-12")) for row in
            ("greedy", "temperature 0.5", "temperature 1.0", "temperature 2.0", "penalty 1.0", "penalty 1.3")}
repeated = {row: float(nb.cell(row, "repetition", "cell-12")) for row in distinct}
holds("(`temperature 1.0` and `penalty 1.0` are the same sampler; their lines must agree.)",
      distinct["temperature 1.0"] == distinct["penalty 1.0"] and repeated["temperature 1.0"] == repeated["penalty 1.0"])
holds("greedy replies are all the same, and the hotter, the less two replies share", distinct["greedy"] < 0.06
      and distinct["temperature 0.5"] < distinct["temperature 1.0"] < distinct["temperature 2.0"])
holds("at temperature 1, where little was repeated, it did not lower the repetition", repeated["penalty 1.0"] < 0.01
      and repeated["penalty 1.3"] >= repeated["penalty 1.0"])

holds("To a question it has no reason to give an answer", number(nb.find(r"right (.*) → ")) == 0)
right, ended = (number(nb.find(word + r" .* → (.*)")) for word in ("right", "ended"))
claim("a step takes {} of them at once, unpacked", nb.find(r"(\d+) questions with answers"))
given("rows of 256 tokens", "unpacked, and 30 steps do", "the same 30 steps at the same rate", "In 30 steps at one rate",
      "A logit of 6 under a penalty of 1.3", "Li et al., 2016", "the penalty to 1, 10 and 1000 tokens")
given("there are 24 held-out questions")  # six people, four questions each
trained = {row: number(nb.cell(row, "right", "cell-32")) for row in ("LoRA", "all weights", "last layer", "layers")}
holds("the layers were enough; the last layer alone and the adapter answered next to nothing",
      trained["layers"] > 40 and max(trained["LoRA"], trained["last layer"]) < 15 and ended > 80 and right == trained["layers"])
