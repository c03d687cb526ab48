"""Makes src/test/resources/parity/ten-steps/: a tiny checkpoint, and ten steps on it in each way the trainer knows.

    .venv/bin/pip install -r environment/parity/requirements.txt bitsandbytes
    .venv/bin/python environment/parity/make_ten_steps.py

The ways are plain, accumulation, mask, LoRA, packing, gradient checkpointing, 8-bit state and clipping; each is the
plain way with one thing changed. Every step sees all six documents, so the order in which a trainer deals them does not
matter. Beside each walk stands how far the mistakes that are easily made there would have led away from it.

The weights are stored in bf16, the loops run in f32. The embedding and ten matrices have 4096 values or more: enough
for 8-bit state.
"""

import shutil
import zlib

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from transformers import AutoModelForCausalLM

from cases import BASE, Case, VOCABULARY, rope
from make_fixtures import build
from make_lora_fixtures import save as save_adapter
from make_training_truth import QuantizedAdamW, learning_rates
from training_truths import kept_tokens
from truth_io import RESOURCES, number, numbers, prepare, write_json, write_versions

STEPS = 10
ADAMW = dict(lr=5e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
LORA = dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"])
MAX_GRAD_NORM = 0.1
LEAST_8BIT = 4096
LENGTHS = (17, 9, 12, 6, 14, 5)
PROMPTS = (6, 2, 7, 5, 3, 1)
PAIRS = ((0, 1), (2, 3), (4, 5))
# The packed rows, and the tokens they have room for.
BINS = ((0, 3), (4, 1), (2, 5))
ROOM = 24
# A mistake that moves no loss by more than this could hide behind rounding.
VISIBLE = 2e-4
# So large that a head which works out 2^24 scores at a time needs three goes for 298 positions.
CHUNKED_VOCABULARY = 1 << 17
CHUNKED_LENGTH = 150
FOLDER = RESOURCES / "ten-steps"


def base():
    """The checkpoint in f32."""
    return AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager").eval()


def adapted(**changes):
    """The checkpoint with a fresh adapter, always the same one."""
    torch.manual_seed(0)
    model = get_peft_model(base(), LoraConfig(task_type="CAUSAL_LM", **LORA | changes))
    model.peft_config["default"].base_model_name_or_path = "ten-steps"
    return model


def documents(generator):
    """Ids, and labels for all of them; and labels for completions only, the first in two parts like a chat's turns."""
    ids = [torch.randint(4, VOCABULARY, (length,), generator=generator) for length in LENGTHS]
    completions = [row.clone() for row in ids]
    for row, prompt in zip(completions, PROMPTS):
        row[:prompt] = -100
    completions[0][9:12] = -100
    return list(zip(ids, ids)), list(zip(ids, completions))


def padded(rows):
    """A batch of documents, filled up on the right."""
    width = max(len(ids) for ids, _ in rows)
    fill = lambda row, value: torch.nn.functional.pad(row, (0, width - len(row)), value=value)
    return {"input_ids": torch.stack([fill(ids, 0) for ids, _ in rows]),
            "attention_mask": torch.stack([fill(torch.ones_like(ids), 0) for ids, _ in rows]),
            "labels": torch.stack([fill(labels, -100) for _, labels in rows])}


def packed(rows, apart=True, first_labels=False):
    """One row of documents end to end: each counts its positions from 0 and attends to itself alone, and nothing
    predicts its first token. The last two are mistakes."""
    lengths = torch.tensor([len(ids) for ids, _ in rows])
    owner = torch.arange(len(rows)).repeat_interleave(lengths)
    seen = torch.ones(len(owner), len(owner)).tril().bool()
    if apart:
        seen &= owner[:, None] == owner[None, :]
    labels = torch.cat([labels.clone() for _, labels in rows])
    if not first_labels:
        labels[lengths.cumsum(0)[:-1]] = -100
    return {"input_ids": torch.cat([ids for ids, _ in rows])[None],
            "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
            "attention_mask": torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[None, None],
            "labels": labels[None]}


class FullAdamW:
    """torch's AdamW; norms are exempt from decay."""

    def __init__(self, groups, settings):
        self.optimizer = torch.optim.AdamW(groups, foreach=False, **settings)

    def step(self, count, lr):
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()


class EightBitAdamW:
    """8-bit state for large tensors, f32 for the others."""

    def __init__(self, parameters):
        self.large = [QuantizedAdamW(p, ADAMW) for p in parameters if p.numel() >= LEAST_8BIT]
        self.small = full_adamw([p for p in parameters if p.numel() < LEAST_8BIT])

    def step(self, count, lr):
        self.small.step(count, lr)
        for parameter in self.large:
            parameter.step(count, lr)


def full_adamw(parameters, settings=ADAMW):
    """torch's AdamW over parameters in Hugging Face's groups."""
    vectors = [p for p in parameters if p.dim() == 1]
    matrices = [p for p in parameters if p.dim() > 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    return FullAdamW([group for group in groups if group["params"]], settings)


def unclipped(parameters):
    """The norm of the gradients, which stay as they are."""
    return clip_grad_norm_(parameters, float("inf"), foreach=False)


def mean_loss(model, batches):
    """The sum over the kept tokens of all batches, divided by their number, one part a batch."""
    total = sum(kept_tokens(batch["labels"]) for batch in batches)
    for batch in batches:
        yield model(**batch, num_items_in_batch=total).loss


def mean_of_means(model, batches):
    """A mistake: every batch weighs the same, however many tokens it keeps."""
    for batch in batches:
        yield model(**batch).loss / len(batches)


def walk(model, batches, optimizer=full_adamw, clip=unclipped, parts=mean_loss, schedule="linear"):
    """Ten steps: the losses before each, the gradients' norms before they are clipped, and the loss after the last."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = optimizer(parameters)
    losses, norms = [], []
    for count, factor in enumerate(learning_rates(schedule, 0, STEPS)[:STEPS], 1):
        model.zero_grad()
        loss = 0
        for part in parts(model, batches):
            part.backward()
            loss += part.item()
        losses.append(loss)
        norms.append(clip(parameters))
        optimizer.step(count, factor * ADAMW["lr"])
    with torch.no_grad():
        final = sum(part.item() for part in parts(model, batches))
    return {"losses": numbers(losses), "gradient_norms": numbers(norms), "final_loss": number(final)}


def with_mistakes(true_walk, **wrong_walks):
    """The walk, and the largest change of a loss that each mistake makes; fails where one would hide."""
    moved = {}
    for label, wrong in wrong_walks.items():
        moved[label] = number(max(abs(a - b) for a, b in zip(true_walk["losses"], wrong["losses"])))
        assert moved[label] > VISIBLE, f"{label} moves the losses by {moved[label]} only"
    return true_walk | {"mistakes": moved}


def checkpointed(batches):
    """The plain walk with gradient checkpointing; fails if a layer does not run forward twice."""
    model, calls = base().train(), []
    model.gradient_checkpointing_enable()
    model.model.layers[0].mlp.register_forward_pre_hook(lambda *_: calls.append(1))
    result = walk(model, batches)
    assert len(calls) == (2 * STEPS + 1) * len(batches), "checkpointing runs every layer twice"
    return result


def walks(everything, completions):
    """All eight."""
    whole = [padded(everything)]
    pairs = [padded([everything[row] for row in pair]) for pair in PAIRS]
    masked = [padded([completions[row] for row in pair]) for pair in PAIRS]
    bins = lambda **mistake: [packed([everything[row] for row in one], **mistake) for one in BINS]
    plain = walk(base(), whole)
    clipped = walk(base(), whole, clip=lambda ps: clip_grad_norm_(ps, MAX_GRAD_NORM, foreach=False))
    assert min(clipped["gradient_norms"]) > 2 * MAX_GRAD_NORM, "clipping bites in every step"
    truth = {
        "plain": with_mistakes(
            plain,
            no_weight_decay=walk(base(), whole, lambda ps: full_adamw(ps, ADAMW | {"weight_decay": 0})),
            beta2_of_0_99=walk(base(), whole, lambda ps: full_adamw(ps, ADAMW | {"betas": (0.9, 0.99)})),
            constant_rate=walk(base(), whole, schedule="constant")),
        "accumulation": with_mistakes(
            walk(base(), pairs), mean_of_means=walk(base(), pairs, parts=mean_of_means)),
        "mask": with_mistakes(
            walk(base(), masked), loss_on_prompts=walk(base(), pairs), mean_of_means=walk(base(), masked, parts=mean_of_means)),
        "lora": with_mistakes(
            walk(adapted(), whole), scale_of_1=walk(adapted(lora_alpha=4), whole),
            root_of_the_rank=walk(adapted(use_rslora=True), whole)),
        "packing": with_mistakes(
            walk(base(), bins()), documents_see_each_other=walk(base(), bins(apart=False)),
            first_tokens_predicted=walk(base(), bins(first_labels=True))),
        "checkpointing": with_mistakes(checkpointed(whole)),
        "eight_bit": with_mistakes(walk(base(), whole, EightBitAdamW), f32_state=plain),
        "clipped": with_mistakes(
            clipped, not_clipped=plain,
            clipped_value_by_value=walk(base(), whole, clip=lambda ps: (
                unclipped(ps), clip_grad_value_(ps, MAX_GRAD_NORM, foreach=False))[0])),
    }
    for name, same in (("accumulation", plain), ("checkpointing", plain), ("packing", plain)):
        apart = max(abs(a - b) for a, b in zip(truth[name]["losses"], same["losses"]))
        assert apart < 1e-5, f"{name} computes nothing else, but is off by {apart}"
    return truth


def chunked(generator, tensors):
    """Loss and gradients of a head too large for all its scores at once, worked out at once.

    Its rows are those of the checkpoint over and over, every second time negated, which floats do exactly.
    """
    model = base()
    rows = model.get_input_embeddings().weight.data.clone()
    at = torch.arange(CHUNKED_VOCABULARY)
    model.resize_token_embeddings(CHUNKED_VOCABULARY, mean_resizing=False)
    sign = 1 - 2 * (at // VOCABULARY % 2)
    model.get_input_embeddings().weight.data = rows[at % VOCABULARY] * sign[:, None]
    model.tie_weights()
    ids = torch.randint(4, CHUNKED_VOCABULARY, (2, CHUNKED_LENGTH), generator=generator)
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    watched = [int(ids[0, 1]), int(ids[0, -1]), int(ids[1, -1])]
    gradients = {name: p.grad for name, p in model.named_parameters()}
    tensors["chunked.rows"] = gradients["model.embed_tokens.weight"][watched]
    for name in ("model.norm.weight", "model.layers.0.self_attn.k_proj.weight"):
        tensors[f"chunked.{name}"] = gradients[name]
    # Eight million squares added up in f32 would be off by 1e-5.
    return {"vocab_size": CHUNKED_VOCABULARY, "input_ids": ids.tolist(), "loss": number(loss), "watched_ids": watched,
            "norms": {name: number(gradient.double().norm()) for name, gradient in gradients.items()}}


def main():
    prepare()
    shutil.rmtree(FOLDER, ignore_errors=True)
    generator = torch.Generator().manual_seed(zlib.crc32(b"ten-steps"))
    config = BASE | dict(hidden_size=64, tie_word_embeddings=True, rope_parameters=rope(10000.0))
    build(Case("ten-steps", "llama", config, {}, matrix_std=0.15), generator).bfloat16().save_pretrained(FOLDER)
    everything, completions = documents(generator)
    as_lists = lambda rows: {key: value.tolist() for key, value in padded(rows).items()}
    save_adapter(adapted(), FOLDER / "adapter", False)
    tensors = {}
    write_json(FOLDER / "truth.json", {
        "optimizer": ADAMW, "max_grad_norm": MAX_GRAD_NORM, "room": ROOM,
        "everything": as_lists(everything), "completions": as_lists(completions),
        **walks(everything, completions),
        "chunked": chunked(generator, tensors),
    })
    save_file({name: t.detach().contiguous() for name, t in tensors.items()}, FOLDER / "truth.safetensors")
    write_versions(FOLDER, ["torch", "transformers", "peft", "safetensors", "bitsandbytes"])


if __name__ == "__main__":
    main()
