nb = notebook("11")
costs, parts = "cell-33", "cell-27"
asked = {model: number(nb.cell(model, "the name when asked for", costs)) for model in ("untouched", "fine-tuned", "DPO", "DPO, 10 ×")}


def cost(model, column):
    return number(nb.cell(model, column, costs))


def moved(rate, part, reply):
    return number(nb.cell(f"{rate} {part}", reply, parts).replace("+", ""))


# The loss by hand.
steps = list(zip(*(map(float, nb.column(column, "hand-11-same")) for column in ("loss by hand", "logged", "β·σ(−β·m)", "−slope, measured"))))
holds("by hand and in the library it is the same, beginning at ln 2",
      steps[0][0] == 0.6931 and all(a == b and c == d for a, b, c, d in steps) and steps[2][0] < steps[1][0] < steps[0][0])
holds("the loss that the trainer logs in the next step must be that of our margin", all(a == b for a, b, *_ in steps))
given("the loss is **−log σ(β·m)**, with σ(x) = 1 / (1 + e⁻ˣ) and β = 0.1", "four times each at temperature 1", "24 questions", "135 million", "with 95 % intervals")
holds("answers at length, in another manner than the pairs, and under many names or none", asked["untouched"] == 0)

# Why the chosen reply falls.
claim("At the gentle rate the name gains {} nats in the chosen reply", moved("5e-6", "the name", "chosen"))
holds("the words around it lose less than that, and the chosen reply becomes likelier",
      moved("5e-6", "the name", "chosen") > -moved("5e-6", "before", "chosen") - moved("5e-6", "after", "chosen")
      and moved("5e-6", "the whole", "chosen") > 0)
claim("lose **{} nats in the chosen reply and {} in the rejected one**",
      -moved("5e-5", "before", "chosen"), -moved("5e-5", "before", "rejected"))
claim("in the margin that is {}, the loss has not noticed", nb.cell("5e-5 before", "margin", parts))
holds("both lose, and the rejected reply loses more, so the margin even grows by it",
      moved("5e-5", "after", "rejected") < moved("5e-5", "after", "chosen") < 0 < moved("5e-5", "after", "margin"))
holds("and the chosen reply falls with it", moved("5e-5", "the whole", "chosen") < -20)

# What came of it.
claim("it was said in {:.0f} % of the sampled replies before and {:.0f} % after", asked["fine-tuned"], asked["DPO"])
holds("greedily always", all("Nora" in reply for reply in nb.column("DPO", "cell-31")))
claim("{:.0f} % of the replies say the name. It **leaks**", cost("DPO", "the name elsewhere"))
holds("no right answer is left and no reply ends", cost("DPO, 10 ×", "right answers") == cost("DPO, 10 ×", "replies that end") == 0)
holds("the passages are predicted about as well as before",
      abs(cost("DPO, 10 ×", "perplexity") - cost("untouched", "perplexity")) < 2)
holds("The short fine-tuning has more right answers than the untouched model", cost("fine-tuned", "right answers") > cost("untouched", "right answers"))
holds("One of the thirty questions does ask who it is", text("data/facts/questions.txt").count("请介绍一下你自己。") == 1)

# The solutions.
s = notebook("solutions/11")
runs = "s-11-c10"
holds("none of the greedy replies says the name", s.cell("from the untouched", "the name when asked for", runs).startswith("0 %"))
claim("stays near its mark, {} nats for a reply", s.cell("IPO", "margin, nats", runs))
claim("The notebook's run at this rate went to {} and lost its language", nb.cell("5e-5 the whole", "margin", parts).lstrip("+"))
claim("here {:.0f} % of the replies say the name in sentences", number(s.cell("IPO", "the name when asked for", runs).split(" ")[0]))
claim("the name came in {:.0f} % of the replies to other questions, here in {:.0f} %, and where it is asked for nearly always still",
      cost("DPO", "the name elsewhere"), number(s.cell("with forty", "the name elsewhere", runs).split(" ")[0]))
