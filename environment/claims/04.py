nb = notebook("04")
log = [[float(x) for x in column[1:]] for column in (nb.column("loss", "training log"), nb.column("eval loss", "training log"))]
train, held_out = log
start = float(nb.column("eval loss", "training log")[0])
holds("The loss falls fast at first", start - held_out[0] > held_out[0] - held_out[-1])
holds("the shape of a reply is there half-way", all(nb.cell("half-way", 1, "cell-19").count(tag) == 1 for tag in
                                                    ("<think>", "</think>", "<answer>", "</answer>")))
holds("Train and eval fall together", train[0] > max(train[1:]) and held_out == sorted(held_out, reverse=True))
holds("A whole language model was trained in minutes, on a processor, in Java.",
      " s" in nb.cell("time", "value", "what it took, both halves") or "min" in nb.cell("time", "value", "what it took, both halves"))
holds("Its first logged loss and its weights should be ours.",
      abs(float(nb.cell("loss", 1, "hand-04-same-code")) - float(nb.cell("loss", 2, "hand-04-same-code"))) < 1e-4
      and float(nb.cell("largest difference", 2, "hand-04-same-code")) == 0)
given("why did the article take 562 steps?")
