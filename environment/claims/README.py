# The picture above, and what is said of it: the study's CSV.
picture("docs/initialization.png", "05", "cell-19")
study = csv_rows("data/studies/initialization.csv")


def shares(way, column):
    values = [float(run[column]) for run in study if run["initialization"] == way]
    return sum(values) / len(values)


holds("looks fair while the likeliest token is taken, and falls apart as soon as replies are sampled",
      shares("clone", "well_formed_greedy") > 0.5 and shares("clone", "well_formed_t0.7") < 0.1)
holds("A little noise on the clones cures it; random rows and a description's mean with noise do as well.",
      min(shares(way, "well_formed_t0.7") for way in ("clone + noise", "random", "description + noise")) > 0.8)
names = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}
claim("four new tokens, {} ways to begin", names[len({run["initialization"] for run in study})])
claim("Means over {} seeds.", names[len({run["seed"] for run in study})])

# The notebooks' table.
train, test = (len(text(f"data/reasoning/{part}.jsonl").splitlines()) for part in ("train", "test"))
claim("| {} + {} rows, the chat format", train, test)
ended, tokens = (numbers(notebook("07").cell(row, 2, "article | here")) for row in ("held-out replies", "tokens of a reply"))
holds("most replies end by themselves, and are less than half as long", ended[3] > 55 and tokens[1] / tokens[0] < 0.5)


# The two tables of "Reproduction" are the closing tables of the notebooks, and nothing else.
def markdown(text):
    return text.replace("<", r"\<").replace("|", r"\|")


rows = [(nb.name, *row[:3]) for nb in map(notebook, [f"{n:02}" for n in range(1, 14)]) for row in nb.reproduction()]
for name, what, article, here in rows:
    claim(f"| {name} | {markdown(what)} | ".replace("{", "{{").replace("}", "}}") + "{} | {} |", markdown(article), markdown(here))
holds("so do the numbers that depend on size and skill",
      len(rows) == sum(line[:2] == "| " and line[2:4].isdigit() and line[4] == "-" for line in text("README.md").splitlines()))

# The tables of "Performance" and docs/performance.md are those of this machine in data/benchmarks.
MACHINE = "amd-epyc-avx2-2-cores"
import sys
sys.path.append(sys.path[0] + "/bench")
import report
documents = [(part, json_file(f"data/benchmarks/{MACHINE}/{part}.json")) for part in ("training", "memory", "1b", "generation", "cost")]
bench = [[cell.strip() for cell in line.strip("|").split("|")]
         for part, document in documents for lines in report.TABLES[part](document) for line in lines.split("\n") if line.startswith("|")]


def measured(label, nth=0):
    return [row[1:] for row in bench if row[0] == label][nth]


versions = documents[0][1]["machine"]["versions"]
claim("beside TRL {} and transformers {} on the", *(versions[name].rpartition(".")[0] for name in ("trl", "transformers")))
for line, label in (("full fine-tuning, tokens a second", "trained tokens a second, padding not counted"),
                    ("… its peak memory, GiB", "peak memory, GiB"),
                    ("… seconds from start to first step", "seconds from process start to first step"),
                    ("one reply at a time, tokens a second", "1"), ("sixteen replies at once, tokens a second", "16")):
    cells = [cell.split(" ")[0] for cell in measured(label)]  # the medians
    claim(f"| {line} | " + "{} | {} | {} |", *cells[:3])
claim("| trained tokens a second, padding not counted | {} | {} | {} |", *measured("trained tokens a second, padding not counted"))
claim("| peak memory, GiB, JVM or interpreter included | {} | {} | {} |", *measured("peak memory, GiB"))
claim("| seconds from process start to first step | {} | {} | {} |", *measured("seconds from process start to first step"))
claim("| held-out loss afterwards | {:.3f} | {:.3f} | {} |", *map(number, measured("held-out loss afterwards")[:2]), "1.00")
for nth, case in enumerate(("SmolLM2-135M, 64 rows of GSM8K", "Llama-3.2-1B shape, random weights, 4 rows of 512 tokens")):
    claim(f"| {case} | " + "{} | {} | {} | {} | {} |", *measured("peak memory, GiB", nth + 1), *measured("trained tokens a second", nth)[:2])
claim("| 1 | {} | {} | {} |", *measured("1")[:3])
claim("| 16, of mixed length | {} | {} | {} (by round", *measured("16")[:3])
for length in ("128", "256", "512", "1024", "2048"):
    cells = [cell.replace(" GiB", "").replace("%", " %") for cell in measured(length) if cell != "–"]
    claim(f"| {length} | " + " | ".join(["{}"] * len(cells)) + " |", *cells)


def rows_of(part):
    lines = "\n".join(report.TABLES[part](json_file(f"data/benchmarks/amd-epyc-avx512_bf16-2-cores/{part}.json"))).split("\n")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]


for line, (label, *cells) in zip(("trained tokens a second", "peak memory, GiB", "seconds from start to first step", "held-out loss"),
                                 rows_of("training")[1:]):
    claim(f"| {line} | " + "{} | {} | {} |", *cells[:3])
few_bits = {label: cells for label, *cells in rows_of("decoding")[1:]}
claim("training is {} times as fast as TRL's", rows_of("training")[1][3])
claim("written at {} times the speed of llama.cpp's, sixteen at once at {}", *(few_bits[f"Q4_1 (here INT4), {n}"][2] for n in (1, 16)))
for label, cells in few_bits.items():
    claim(f"| {label} | " + "{} | {} | {} |", *cells[:3])

# The syllabus: levels and machine time are those of the notebooks; the minutes of a session are a plan.
for name in dict.fromkeys(row[0] for row in rows):
    cells = ["".join(cell["source"]) for cell in json_file(f"notebooks/{name}.ipynb")["cells"]]
    levels = [line.split("(")[1].split(")")[0] for line in cells[-1].splitlines() if line[:1].isdigit()]
    counted = ", ".join(f"{levels.count(level)} {level}" for level in ("easy", "medium", "hard") if level in levels)
    minutes = cells[0].split("**Time** ")[1].split(" on two cores")[0]
    claim(f"[{name}](../notebooks/{name}.ipynb) | " + "{} | {} |", counted, minutes)
given("one session of 90 minutes")
elsewhere("Sessions")

# docs/scale.md: measured by the clock, or computed there with the arithmetic beside it
elsewhere("Beyond one machine", "Measured", "Computed, not measured")

elsewhere("Speed and memory, measured", "With bf16 instructions", "Another model", "GPU", "How it is built", "Known limits")
given("Python (3.10 or newer)", "how far 100 rows bring it", "为Llama 3.2模型添加思考与回答标记", "24 GB, no GPU")
given("take 20 to 55 minutes on two cores", "the kernel took 1.2 GB at most")  # whole runs, by the clock
