nb = notebook("06")
holds("Equal **logits**, the scores of all tokens that could come next, to the last bit", "equal to the bit: true" in nb.text)
holds("A saved model is the same model: shapes, scores to the bit, text.", set(nb.column("equal", "compare")) == {"yes"})
holds("where the head is tied it is not in the file",
      (nb.cell("tied", "in memory", "compare") == "true") == ("lm_head.weight among them: false" in nb.text))
holds("Python gets the same ids, scores that differ by rounding only, and the same reply",
      float(nb.find(r"ids equal, logits within (\S+), reply the same")) < 1e-3)
given("Of the reply's 60 tokens")
