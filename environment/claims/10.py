nb = notebook("10")
holds("what was likely once is likely again", nb.find(r"\n( a wise .*)").count("Elwes") > 1 or "LENGTH" in nb.text)
holds("the loop is greedy and must give the library's tokens.", "equal: true" in nb.text)
holds("The same tokens, another time:", float(nb.find("; ([0-9.]+) s by hand")) > float(nb.find("by hand, ([0-9.]+) s with")))
twice = "a logit of 6.0"
holds("so a token that stood there twice is punished twice", float(nb.cell("2 times", 1, twice)) < float(nb.cell("2 times", 2, twice)))

table = "twenty-table-code"
distinct, repeated = ({row: float(nb.cell(row, column, table)) for row in ("greedy", "temperature 0.5", "temperature 1.0",
                       "temperature 2.0", "penalty 1.0", "penalty 1.3")} for column in ("distinct-2", "repetition"))
holds("(`temperature 1.0` and `penalty 1.0` are the same sampler; their lines must agree.)",
      distinct["temperature 1.0"] == distinct["penalty 1.0"] and repeated["temperature 1.0"] == repeated["penalty 1.0"])
holds("greedy replies are all the same, and the hotter, the less two replies share", distinct["greedy"] < 0.06
      and distinct["temperature 0.5"] < distinct["temperature 1.0"] < distinct["temperature 2.0"])
holds("at temperature 1, where little was repeated, it did not lower the repetition", repeated["penalty 1.0"] < 0.01
      and repeated["penalty 1.3"] >= repeated["penalty 1.0"])

exam = "cell-24"
right, ended = (number(nb.cell("fine-tuned", column, exam)) for column in ("right", "ended"))
holds("To a question it has no reason to give an answer", number(nb.cell("pretrained", "right", exam)) == 0)
claim("a step takes {} of them at once", nb.find(r"(\d+) questions with answers"))
given("rows of 256 tokens", "and 30 steps do", "All get the same 30 steps", "Li et al., 2016",
      "A logit of 6 under a penalty of 1.3", "the penalty to 1, 10 and 1000 tokens", "3e-4, 1e-3, 3e-3 and 1e-2")
given("there are 24 held-out questions")  # six people, four questions each
ways = ("all weights", "layers", "last layer", "LoRA")
weights, same, own = ({way: number(nb.cell(way, column, "techniques-train")) for way in ways}
                      for column in ("weights", "right at 0.0003", "right at it"))
holds("the last layer alone and the adapter answered next to nothing", same["layers"] > 40 and ended > 80
      and max(same["LoRA"], same["last layer"]) < 15 and right == same["layers"])
holds("at a rate of their own they answer about as much as all weights", min(own["last layer"], own["LoRA"]) > own["all weights"] - 25)
claim("LoRA with {:.1f} % of them", 100 * weights["LoRA"] / weights["all weights"])
