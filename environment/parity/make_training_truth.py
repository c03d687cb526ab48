"""Makes src/test/resources/parity/training/truth.json: schedules, and AdamW with 8-bit state.

    .venv/bin/pip install -r environment/parity/requirements.txt bitsandbytes
    .venv/bin/python environment/parity/make_training_truth.py

The learning rates are transformers' get_scheduler's. The code books are bitsandbytes'; its AdamW8bit itself runs on
GPUs only, so ten steps of it are taken by the plain loop below, in f32, block by block, over all tensors of
llama-tied with 256 values or more; the last block of some is not full.
"""

import json

import bitsandbytes.functional
import torch
from transformers import AutoModelForCausalLM, get_scheduler

from truth_io import RESOURCES, number, numbers, prepare, write_json, write_versions

STEPS = 10
BLOCK = 256
LEAST = 256
ADAMW = dict(lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
SIGNED = bitsandbytes.functional.create_dynamic_map(True)
UNSIGNED = bitsandbytes.functional.create_dynamic_map(False)


def learning_rates(name, warmup, steps):
    """The factor at each step, and at two steps after the end."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
    factors = []
    for _ in range(steps + 2):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return numbers(factors)


def quantize(values, book):
    """Codes of the nearest shares, and the largest value, of one block."""
    largest = values.abs().max().clamp_min(1e-38)
    share = values / largest
    return torch.argmin((share[:, None] - book[None, :]).abs(), dim=1), largest


class QuantizedAdamW:
    """One tensor's 8-bit state; blocks of 256 values in a row. settings: as torch's AdamW takes them."""

    def __init__(self, parameter, settings):
        self.parameter, self.settings = parameter, settings
        blocks = range(0, parameter.numel(), BLOCK)
        self.state = {at: None for at in blocks}

    def step(self, count, lr):
        beta1, beta2 = self.settings["betas"]
        flat, gradient = self.parameter.data.view(-1), self.parameter.grad.view(-1)
        correction1, correction2 = 1 - beta1 ** count, (1 - beta2 ** count) ** 0.5
        decay = lr * self.settings["weight_decay"] if self.parameter.dim() > 1 else 0
        for at in self.state:
            p, g = flat[at:at + BLOCK], gradient[at:at + BLOCK]
            if self.state[at] is None:
                mean, square = torch.zeros_like(g), torch.zeros_like(g)
            else:
                codes1, largest1, codes2, largest2 = self.state[at]
                mean, square = SIGNED[codes1] * largest1, UNSIGNED[codes2] * largest2
            mean = beta1 * mean + (1 - beta1) * g
            square = beta2 * square + (1 - beta2) * g * g
            p.mul_(1 - decay)
            p.sub_(lr * correction2 / correction1 * mean / (square.sqrt() + self.settings["eps"] * correction2))
            self.state[at] = (*quantize(mean, SIGNED), *quantize(square, UNSIGNED))


def quantized_adamw(batch):
    """Ten steps on one batch, small tensors in f32."""
    model = AutoModelForCausalLM.from_pretrained(RESOURCES / "llama-tied", attn_implementation="eager").eval()
    large = [QuantizedAdamW(p, ADAMW) for p in model.parameters() if p.numel() >= LEAST]
    small = torch.optim.AdamW([p for p in model.parameters() if p.numel() < LEAST], **ADAMW | {"weight_decay": 0})
    losses = []
    for count in range(1, STEPS + 1):
        model.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        losses.append(loss)
        small.step()
        for parameter in large:
            parameter.step(count, ADAMW["lr"])
    losses.append(model(**batch).loss)
    return {"losses": numbers(losses),
            "final_weight_norms": {name: number(p.detach().norm()) for name, p in model.named_parameters()}}


def main():
    prepare()
    truth = json.loads((RESOURCES / "llama-tied/truth.json").read_text())
    batch = {key: torch.tensor(truth[key]) for key in ("input_ids", "attention_mask", "labels")}
    folder = RESOURCES / "training"
    folder.mkdir(exist_ok=True)
    write_json(folder / "truth.json", {
        "schedules": {f"{name} {warmup} {steps}": learning_rates(name, warmup, steps)
                      for name in ("linear", "cosine", "constant", "constant_with_warmup")
                      for warmup, steps in ((0, 7), (3, 10), (1, 1), (12, 10))},
        "signed_codes": numbers(SIGNED),
        "unsigned_codes": numbers(UNSIGNED),
        "optimizer": ADAMW | {"block": BLOCK, "least": LEAST},
        "adamw_8bit": quantized_adamw(batch),
    })
    write_versions(folder, ["torch", "transformers", "bitsandbytes"])


if __name__ == "__main__":
    main()
