"""Draws the notebooks' figures: `python environment/figures.py` writes notebooks/figures/*.svg, the same bytes each time.

A figure has its own background and two sets of colours, so that it is readable in light and dark themes alike.
"""

from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "figures"

STYLE = """
  .card { fill: #ffffff; stroke: #d5dae0 }  text { fill: #24292f; font: 14px sans-serif }
  .small { font-size: 12px }  .tiny { font-size: 10px }  .dim { fill: #57606a }  .strong { font-weight: bold }  .mono { font-family: monospace }
  .box { fill: #f3f5f7; stroke: #8c959f }  .blue { fill: #d6e6fb; stroke: #2f6fc2 }
  .green { fill: #d3f0d9; stroke: #2c8a43 }  .red { fill: #fbdcda; stroke: #c14640 }  .yellow { fill: #fbeec2; stroke: #a67c00 }
  .line { stroke: #57606a; fill: none; stroke-width: 1.5 }  .tip { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    .card { fill: #1b1f24; stroke: #444c56 }  text { fill: #e6edf3 }  .dim { fill: #a9b4c0 }
    .box { fill: #2a3038; stroke: #768390 }  .blue { fill: #173a63; stroke: #6cb0ff }
    .green { fill: #17402a; stroke: #57c278 }  .red { fill: #57221f; stroke: #f0837c }  .yellow { fill: #4a3b0d; stroke: #dcb44a }
    .line { stroke: #a9b4c0 }  .tip { fill: #a9b4c0 }
  }"""


class Figure:
    """Shapes on a card, placed by pixels from the upper left corner."""

    def __init__(self, name, title, width, height):
        self.name, self.title, self.width, self.height = name, title, width, height
        self.shapes = []

    def text(self, x, y, words, style="", anchor="middle"):
        self.shapes.append(f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, x, y, width, height, words="", style="box", text_style=""):
        """A box with one or more centred lines of text in it."""
        self.shapes.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" class="{style}"/>')
        lines = words.split("\n") if words else []
        for i, line in enumerate(lines):
            self.text(x + width / 2, y + height / 2 + 5 + (i - (len(lines) - 1) / 2) * 17, line, text_style)

    def row(self, x, y, cells, width, style="box", height=28, text_style="small mono"):
        """Boxes side by side; `style` is one class for all or a list of one each."""
        for i, cell in enumerate(cells):
            self.box(x + i * width, y, width - 3, height, cell, style if isinstance(style, str) else style[i], text_style)

    def arrow(self, *points):
        """A line through the points, with a tip at its end."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.shapes.append(f'<polyline points="{path}" class="line" marker-end="url(#tip)"/>')

    def chain(self, left, gap, width, steps):
        """Boxes in a row, `(words, style)` each, with an arrow from each to the next."""
        for i, (words, style) in enumerate(steps):
            self.box(left + i * gap, 50, width, 64, words, style, "small")
            if i:
                self.arrow((left + i * gap - (gap - width), 82), (left + i * gap - 2, 82))

    def write(self):
        FOLDER.mkdir(exist_ok=True)
        svg = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img">',
            f"<title>{escape(self.title)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z" class="tip"/></marker></defs>',
            f'<rect x="0.5" y="0.5" width="{self.width - 1}" height="{self.height - 1}" rx="8" class="card"/>',
            *self.shapes,
            "</svg>\n",
        ]
        (FOLDER / f"{self.name}.svg").write_text("\n".join(svg), encoding="utf-8")


def embedding():
    f = Figure("embedding", "From a token to a row, through the layers, to one logit a row", 780, 300)
    f.box(20, 60, 90, 44, "<think>", "green", "mono")
    f.text(65, 50, "token", "small dim")
    f.arrow((110, 82), (140, 82))
    f.box(142, 60, 80, 44, "49152", "box", "mono")
    f.text(182, 50, "id", "small dim")
    f.arrow((222, 82), (258, 82))
    for i in range(6):
        f.box(260, 40 + i * 20, 130, 18, style="green" if i == 2 else "blue")
    f.text(325, 30, "embedding: a row a token", "small dim")
    f.arrow((390, 88), (428, 88))
    f.box(430, 60, 130, 56, "30 layers:\nattention, feed-forward", "box", "small")
    f.arrow((560, 88), (598, 88))
    f.box(600, 76, 150, 24, "hidden state h", "yellow", "small")
    f.arrow((675, 100), (675, 210))
    for i in range(6):
        f.box(260, 190 + i * 14, 130, 12, style="green" if i == 2 else "blue")
    f.text(325, 290, "head: a row a token", "small dim")
    f.arrow((325, 160), (325, 188))
    f.text(335, 178, "tied: the same matrix", "small dim", "start")
    f.box(600, 212, 150, 40, "logit = row · h\none for each row", "box", "small")
    f.arrow((390, 232), (598, 232))
    f.text(675, 275, "softmax → P(next token)", "small dim")
    return f


def labels():
    f = Figure("labels", "A row, its attention mask, and its labels shifted by one", 780, 262)
    cells = ["<|im_start|>", "user", "2+3?", "<|im_end|>", "assistant", "5", "<|im_end|>", "<pad>"]
    green = [False] * 5 + [True, True, False]
    x, w = 120, 81
    f.text(20, 49, "input ids", "", "start")
    f.row(x, 30, cells, w, ["box"] * 7 + ["red"], text_style="tiny mono")
    f.text(20, 94, "attention mask", "", "start")
    f.row(x, 75, ["1"] * 7 + ["0"], w, ["box"] * 7 + ["red"])
    f.text(20, 139, "labels", "", "start")
    f.row(x, 120, [c if g else "−100" for c, g in zip(cells, green)], w, ["green" if g else "red" for g in green],
          text_style="tiny mono")
    f.text(20, 219, "what is scored", "", "start")
    shifted = [c if g else "" for c, g in zip(cells, green)][1:] + [""]
    f.row(x, 200, [c or "no loss" for c in shifted], w, ["green" if c else "red" for c in shifted], text_style="tiny mono")
    for i in range(1, 8):
        f.arrow((x + i * w + 39, 149), (x + (i - 1) * w + 39, 198))
    f.text(390, 250, "position t predicts token t + 1; a label of −100 counts for nothing", "small dim")
    return f


def step():
    f = Figure("step", "One training step", 780, 230)
    names = [
        ("batch\nids, labels", "box"),
        ("forward\nlogits", "blue"),
        ("loss\nmean of −log p", "yellow"),
        ("backward\na gradient a weight", "red"),
        ("clip\n‖g‖ ≤ 1", "box"),
        ("AdamW\nw ← w − lr·(…)", "green"),
    ]
    f.chain(20, 126, 108, names)
    f.arrow((704, 114), (704, 160), (200, 160), (200, 118))
    f.text(452, 178, "the next step sees the moved weights", "small dim")
    f.text(74, 36, "4 rows × 8", "small dim")
    f.text(390, 212, "accumulation: forward and backward several times, gradients added up, then one AdamW step", "small dim")
    return f


def lora():
    f = Figure("lora", "LoRA: a narrow detour beside a frozen matrix", 780, 270)
    f.box(20, 110, 90, 40, "x", "yellow")
    f.arrow((110, 120), (180, 85), (218, 85))
    f.box(220, 40, 220, 90, "W, frozen\nout × in = 576 × 576", "blue")
    f.arrow((440, 85), (560, 85), (608, 120))
    f.arrow((110, 140), (180, 200), (218, 200))
    f.box(220, 180, 90, 40, "A: r × in", "green", "small")
    f.arrow((310, 200), (338, 200))
    f.box(340, 180, 100, 40, "B: out × r", "green", "small")
    f.arrow((440, 200), (478, 200))
    f.box(480, 182, 80, 36, "· α / r", "box", "small")
    f.arrow((560, 200), (580, 200), (608, 142))
    f.box(610, 110, 40, 40, "+", "box", "strong")
    f.arrow((650, 130), (678, 130))
    f.box(680, 110, 80, 40, "y", "yellow")
    f.text(390, 250, "y = x·Wᵀ + (α/r) · x·Aᵀ·Bᵀ     B starts at 0, so at first nothing changes; only A and B are trained", "small dim")
    return f


def phases():
    f = Figure("phases", "Two phases of a reply, one key-value cache", 780, 240)
    f.text(20, 52, "phase 1", "strong", "start")
    f.box(100, 34, 200, 30, "system, user, <|reasoning|>", "box", "small")
    f.box(303, 34, 180, 30, "the thought, token by token", "yellow", "small")
    f.box(486, 34, 60, 30, "end", "red", "small")
    f.text(20, 112, "phase 2", "strong", "start")
    f.box(100, 94, 446, 30, "all of that, already read: its keys and values lie in the cache", "blue", "small")
    f.box(549, 94, 70, 30, "assistant", "box", "small")
    f.box(622, 94, 140, 30, "the answer", "green", "small")
    f.text(20, 172, "cache", "strong", "start")
    f.row(100, 154, ["k,v"] * 12, 38, "blue")
    f.arrow((556, 168), (600, 168))
    f.box(602, 154, 160, 28, "one token more: one k, v", "green", "small")
    f.text(390, 220, "without a cache each new token would read the whole conversation again", "small dim")
    return f


def sampler():
    f = Figure("sampler", "From logits to the next token", 780, 200)
    names = [
        ("logits\none a token", "blue"),
        ("repetition penalty\n> 0: ÷ p,  < 0: × p", "box"),
        ("temperature\n÷ T", "box"),
        ("top-k, top-p\nthe rest → −∞", "red"),
        ("softmax\nprobabilities", "yellow"),
        ("draw one\n(greedy: the largest)", "green"),
    ]
    f.chain(14, 128, 112, names)
    f.arrow((710, 114), (710, 150), (70, 150), (70, 118))
    f.text(390, 168, "the token is appended, and the model scores again, until an end token comes", "small dim")
    return f


def bpe():
    f = Figure("bpe", "Byte-pair encoding: the most frequent neighbours become one piece", 780, 210)
    steps = [
        ("bytes", ["<", "/", "t", "h", "i", "n", "k", ">"]),
        ("merge < /", ["</", "t", "h", "i", "n", "k", ">"]),
        ("merge i n, th", ["</", "th", "in", "k", ">"]),
        ("… to the last rule", ["</", "think", ">"]),
    ]
    for i, (name, pieces) in enumerate(steps):
        f.text(20, 48 + i * 40, name, "small dim", "start")
        x = 160
        for piece in pieces:
            width = 26 + 12 * len(piece)
            f.box(x, 28 + i * 40, width, 28, piece, "blue" if len(piece) == 1 else "green", "small mono")
            x += width + 4
    f.text(600, 90, "an added token is found", "small dim")
    f.text(600, 108, "before any merge:", "small dim")
    f.box(550, 122, 100, 28, "</think>", "yellow", "small mono")
    f.text(390, 200, "merges are applied in the order in which they were learnt, most frequent pair first", "small dim")
    return f


if __name__ == "__main__":
    for draw in (bpe, embedding, labels, step, lora, phases, sampler):
        draw().write()
