nb = notebook("06")
holds("Equal **logits**, to the last bit", "equal to the bit: true" in nb.text)
holds("A saved model is the same model: shapes, scores to the bit, text.", set(nb.column("equal", "cell-09")) == {"true"})
holds("Python gets the same ids and the same scores", float(nb.find(r"ids equal, logits within (\S+), reply the same")) < 1e-3)
