nb = notebook("01")
before, after = number(nb.find(r"(\d+) pieces: \[44")), number(nb.find(r"(\d+) pieces: \[49152"))
holds("A tag that was several pieces is one piece after `addTokens`, with the next free id.",
      before > 4 and after == 4 and nb.column("id", "the new words") == ["49152", "49153", "49154", "49155"])
ordinary, special = (nb.cell(tags, "without special tokens", "decoding one reply") for tags in ("ordinary", "special"))
holds("Ours were added as ordinary words, so they stay", "<think>" in ordinary)
holds("Special tokens can be left out on the way, ordinary ones cannot.", "<think>" not in special)
saved = [number(nb.cell(row, "saved", "tokens")) for row in ("the four tags", "1000 replies")]
holds("The tags by themselves save most", saved[0] > saved[1] > 0)
given("numbers of 32 bits", "of which there are 256")
