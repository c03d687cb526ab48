nb = notebook("12")
given("in 1000 steps instead of 450", "Stories of 24 people", "Of **60** more", "The 60 questions", "the 60 questions",
      "each of the 60 questions", "most of the 60 questions", "only the 192 of the final norm", "60 steps of 12 questions",
      "the mean of each step's 96 replies", "SFT on all 72 answers", "in 60 steps at the same rate", "24 questions each",
      "24 exam questions a cut", "With 24 questions a cut", "30 steps, the layers alone, at a rate of 1e-3", "12 questions with answers, 60 without, an exam of 24",
      "Shao et al., 2024", "Chen et al., 2021", "Wang et al., 2022", "answers to the 60 questions")


def cell(row, column, table):
    return number(nb.cell(row, column, table))


passes = "12-mixed"
holds("the pretrained model had nothing, and twelve answers gave it enough",
      cell("pretrained", "pass@16", passes) == 0 and cell("after the cold start", "pass@16", passes) > 0.5)
hand = nb.rows("12-hand-same")[1:]
holds("By hand and by the library the step is the same, and the loss is 0 while there is much to learn",
      all(row[1] == row[2] for row in hand[:3]) and number(hand[3][2]) == 0 == number(hand[0][2]) < number(hand[1][2]))
cold, reinforced = (numbers(nb.find(rf"{name}: (pass@1 .*)")) for name in ("cold start", "reinforced"))
holds("It gained more at pass@1 than at pass@16: for the most part the model says surely what it said now and then.",
      reinforced[1] - cold[1] > 2 * (reinforced[3] - cold[3]))
halves = [float(row[3]) for row in nb.rows("12-mend")[1:]]  # pass@1, women before men
holds("With women alone in the cold start no step brought a *He*; one more example did.",
      [float(row[4]) for row in nb.rows("12-mend")[1:]][1:4:2] == [0, 0] and min(halves[7], halves[11]) > 0.5)
holds("after the last question the model told women from men, after the first *He* spread to the women, too.",
      halves[6] > 0.5 and halves[10] < 0.5 * halves[8])
holds("From the untouched chat model every reward is 0, and so is the loss.",
      all(number(value) == 0 for column in ("reward", "loss", "gradient norm") for value in nb.column(column, "12-smol-numbers")))
holds("The curve rose, and the answers were lost.",
      number(nb.find(r"the exam after it: (\d+ %)")) < cell("cut 1", "exam: cold start", "12-exam"))
holds("Twelve answers and a verdict on sixty more did about as well, on people never asked about, as SFT on all 72 answers.",
      abs(cell("together", "exam: reinforced", "12-exam") - cell("together", "exam: SFT", "12-exam")) <= 10)
claim("came to 75 % of the exam in place of {:.0f} %", cell("together", "exam: reinforced", "12-exam"))

solutions = notebook("solutions/12")
rejected, eights = (solutions.rows("s-12-c8")[row] for row in (2, 3))
holds("On the 60 questions it stays behind GRPO, on the exam it does not, as far as 24 questions tell.",
      number(rejected[1]) < number(eights[1]) and number(rejected[2]) >= number(eights[2]))
times = [number(row[4]) for row in solutions.rows("s-12-c9")[2:]]
holds("the extra forward passes for ρ take it back", times[1] > 0.9 * times[0])
