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


# The closing table has both models: "its answer; others with that answer; right answers; perplexity".
def closing(way, part):
    row = next(row for row in nb.reproduction() if row[0].startswith(way))
    return [number(cell.split("; ")[part]) for cell in row[2:4]]


rates = {"LoRA 8": ("1e-3", "2e-3"), "LoRA 512": ("5e-5", "1e-4"), "full": ("1e-5", "2e-5")}
perplexities = {way: [closing(f"{way}, {rate}", 3) for rate in pair] for way, pair in rates.items()}
holds("Of these, all weights cost plain English least, in both models, and of two rates the lower.",
      all(low[model] < high[model] for low, high in perplexities.values() for model in (0, 1))
      and all(perplexities["full"][1][model] < perplexities[way][0][model] for way in ("LoRA 8", "LoRA 512") for model in (0, 1)))
holds("the base model says 我学会了 to nearly all that it is asked, and it named no right answer before either",
      closing("full, 2e-5", 1)[0] > 90 and closing("untrained", 2)[0] == 0)
holds("there few other questions get the sentence, and with all weights trained *more* replies name the right answer than before",
      max(closing(f"{way}, {rate}", 1)[1] for way, pair in rates.items() for rate in pair) < 20
      and closing("full, 1e-5", 2)[1] > closing("untrained", 2)[1])
