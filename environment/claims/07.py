nb = notebook("07")
ended, tokens, loss = (tuple(number(nb.cell(row, when, "cell-18")) for when in ("before", "after"))
                       for row in ("ended", "tokens of a reply", "loss on held-out"))
claim("After {} steps most held-out replies end by themselves", nb.column("step", "07-train")[-1])
holds("most held-out replies end by themselves, where hardly one did before, and they are shorter",
      ended[1] > 55 and ended[0] < 15 and tokens[1] < 0.8 * tokens[0])
holds("The loss on held-out replies falls with that of the rows just seen", loss[1] < loss[0])
claim("and {} questions leave wide intervals", nb.find("([0-9]+) held out"))
kept = {row["what"]: row["here"] for row in json_file("data/results/07-instruction-tuning.json")
        if row["model"] == "SmolLM2-135M-Instruct"}
claim("of the three questions it ended {} before and {} after", *kept["three questions, replies that end: before → after"].split(" → "))
shares = numbers(kept["held-out replies that end: before → after"])
claim("of the held-out replies {:.0f} % before and {:.0f} % after", shares[0], shares[3])
given("100 new tokens at most", "takes the first 100 rows; that is 13 steps", "with 95 % certainty")
