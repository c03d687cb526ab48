nb = notebook("04")
train = [float(x) for x in nb.column("train loss", "training log")[1:]]
start, *held_out = [float(x) for x in nb.column("eval loss", "training log")]
holds("The loss falls fast at first", start - held_out[0] > held_out[0] - held_out[-1])
holds("the shape of a reply is there half-way", all(nb.cell("reply", "half-way", "cell-19").count(tag) == 1 for tag in
                                                    ("<think>", "</think>", "<answer>", "</answer>")))
holds("Train and eval fall together", train[0] > max(train[1:]) and held_out == sorted(held_out, reverse=True))
holds("A whole language model was trained in minutes, on a processor, in Java.",
      " s" in nb.cell("time", "value", "what it took, both halves") or "min" in nb.cell("time", "value", "what it took, both halves"))
holds("Its first logged loss and its weights should be ours.",
      abs(float(nb.cell("loss", 1, "hand-04-same-code")) - float(nb.cell("loss", 2, "hand-04-same-code"))) < 1e-4
      and float(nb.cell("largest difference", 2, "hand-04-same-code")) == 0)
holds("the first step moves nothing", float(nb.find(r"learning rate: (\S+) in the first")) == 0)
holds("the last one still counts", float(nb.find(r"(\S+) in the last")) > 0)
claim("One pass over {} rows is a lesson", nb.cell("steps, rows", "value", "what it took, both halves").split(", ")[1])
longer = csv_rows("data/studies/rows.csv", kind="all")
claim("then {} held-out questions", longer[0]["questions"])
exact = [int(run["exact"]) for run in longer]
holds("More rows of the same data buy right answers and sound thoughts; the form is cheap.",
      len(exact) > 1 and exact == sorted(exact) and int(longer[-1]["reasoning_holds"]) > int(longer[0]["reasoning_holds"])
      and 2 * int(longer[0]["well_formed"]) > int(longer[0]["questions"]))
given("31 GB and about 3 hours on an A100", "why did the article take 562 steps?", "95 % intervals")
