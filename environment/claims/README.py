# The two tables of "Reproduction" are the closing tables of the notebooks, and nothing else.
def markdown(text):
    return text.replace("<", r"\<").replace("|", r"\|")


rows = [(nb.name, *row[:3]) for nb in map(notebook, [f"{n:02}" for n in range(1, 11)]) for row in nb.reproduction()]
for name, what, article, here in rows:
    claim(f"| {name} | {markdown(what)} | ".replace("{", "{{").replace("}", "}}") + "{} | {} |", markdown(article), markdown(here))
holds("so do the numbers that depend on size and skill",
      len(rows) == sum(line[:2] == "| " and line[2:4].isdigit() and line[4] == "-" for line in text("README.md").splitlines()))

train, test = (len(text(f"data/reasoning/{part}.jsonl").splitlines()) for part in ("train", "test"))
claim("| {} + {} rows, the chat format", train, test)
given("Python (3.10 or newer)", "how far 100 rows bring it", "为Llama 3.2模型添加思考与回答标记", "24 GB, no GPU")
given("took 10 minutes on two cores with bf16 instructions (AVX-512), 25 on two without")  # by hand, whole runs

elsewhere("Performance", "Another model", "GPU", "How it is built", "Known limits")
