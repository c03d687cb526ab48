nb = notebook("13")
holds("By hand and in the library's file the numbers are the same.", nb.find(r"Q8_0 ([0-9.]+), Q4_1") == "0.0"
      and nb.find(r"Q4_1 ([0-9.]+)\n") == "0.0")
given("a block is 34 bytes instead of 128: 8.5 bits a weight", "0 to 15", "20 bytes, 5 bits a weight",
      "18 bytes, 4.5 bits", "32 neighbours of a row", "blocks of 32 to 4, 3 and 2 bits", "each block of 32",
      "of 40 at most", "the stored speeds are of 40 tokens", "divided by 127", "the other 31 in Q8_0", "the 31 others",
      "254 steps", "the steps of all 32")

sizes = "sizes-code"
types = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1")
size, lost, same = ({type: number(nb.cell(type, column, sizes)) for type in types}
                    for column in ("bytes", "perplexity", "first tokens as F32"))
claim("{:.1f} GB of disk", sum(size.values()) / 1e9)
holds("F16, BF16 and Q8_0 wrote the same reply as F32", same["F16"] == same["BF16"] == same["Q8_0"] == same["F32"])
holds("in about a quarter of the bytes", 0.24 < size["Q8_0"] / size["F32"] < 0.28)
holds("four bits are smaller still", size["Q4_0"] < size["Q4_1"] < size["Q8_0"] and same["Q4_0"] < same["F32"])
holds("Below the perplexity of F32, and another reply from the first token on?",
      lost["Q4_1"] < lost["F32"] and same["Q4_1"] == 0)
holds("Q4_0 has other steps, and keeps part of it.", same["Q4_0"] > 0)
moved, step = (float(nb.find(pattern)) for pattern in (r"moved by ([0-9.]+)", r"a step is ([0-9.]+) wide"))
changed, of = (number(nb.find(pattern)) for pattern in (r"wide; (\d+) of", r"wide; \d+ of ([0-9,]+) weights"))
claim("moved them by about {:.0f} % of a step", 100 * moved / step)
holds("none of those counted rounds to another number", changed == 0)
holds("and wrote the same tokens from F32", "tags the same, prompt the same, greedy ids the same" in nb.text)
holds("A control token is written and not shown.", "llama.cpp:        <think>" in nb.text
      and "Java:             <|reasoning|><think>" in nb.text)

s = notebook("solutions/13")
table = "s-13-c6"
holds("At 4 bits nothing happens, as it must.", len({s.cell("as it came", 1, table), s.cell("4 bits", 1, table),
                                                    s.cell("4 bits", 2, table)}) == 1)
holds("At 3 and at 2 bits the feed-forward layers bear less", all(
    float(s.cell(bits, 1, table)) < float(s.cell(bits, 2, table)) for bits in ("3 bits", "2 bits")))
holds("At 2 bits either part makes the model useless.", min(float(s.cell("2 bits", n, table)) for n in (1, 2)) > 500)
block = "s-13-c4"
holds("In Q4_1 the others fall onto a handful of values", number(s.cell("with an outlier", "values in Q4_1", block)) < 6)
