nb = notebook("08")
ways = ("LoRA 8", "LoRA 512", "full")
steps = [number(cell) for cell in nb.column("steps", "08-learnt")]
holds("One row is known by heart within a few steps, by every way", max(steps[:-1]) < 30 == steps[-1]
      and set(nb.column("微调测试 →", "08-learnt")) == {"我学会了"})
holds("Learning one sentence is not free: other questions get 我学会了 for an answer, too.",
      max(number(cell) for cell in nb.column("say 我学会了", "cell-24")[1:]) > 0)
holds("and both give the same", float(nb.find("largest difference (.*)")) < 1e-3)
holds("r = 512 gives the pair more values than the matrix itself has",
      float(nb.cell("512", "values in A and B", "hand-08-rank-code")) > float(nb.cell("512", "in W", "hand-08-rank-code")))
holds("Merging an adapter and taking it out again changes no word.", len(set(nb.column("answer", "cell-22")[:3])) == 1)
pairs = csv_rows("data/benchmarks/ways.csv", model="SmolLM2-135M-Instruct", way="LoRA 512")[0]["trained"]
claim("the pairs have {:,} values, and the matrices that they adapt {:,}", int(pairs), 30 * 2 * 576 * (576 + 192))
given("to Gemma-2b-it in 30 steps", "to 30 questions that have", "each time, 32 at most", "30 epochs of the one row, so 30 steps",
      "r = alpha = 512", "**below 0.05**", "to the end of the 30 steps", "r = 512 is no small adapter", "At r = 512 it is a large part")
