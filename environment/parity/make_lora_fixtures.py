"""Makes small LoRA adapters with Python's PEFT on the tiny checkpoints, and what it computes with them.

    .venv/bin/python environment/parity/make_lora_fixtures.py

Per case, in src/test/resources/parity/lora/<case>/: initial/ and trained/, the adapter as PEFT saves it before and after
ten steps of plain AdamW; truth.json and truth.safetensors. Run make_fixtures.py first: its checkpoints are the base
models, its batches the data.
"""

import json
import shutil
import zlib
from dataclasses import dataclass

import torch
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from truth_io import RESOURCES, number, numbers, prepare, write_json, write_versions

STEPS = 10
ADAMW = dict(lr=5e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)


@dataclass(frozen=True)
class Case:
    """One adapter. tokens: the modules whose rows are trained along, for two ids that the batch holds. grown: rows
    added to the base model first, with which PEFT saves the whole matrices along."""

    name: str
    base: str
    config: dict
    tokens: tuple = ()
    grown: int = 0


CASES = [
    Case("plain", "llama-tied", dict(r=4, lora_alpha=8)),
    Case("tied-rows", "llama-tied", dict(r=4, lora_alpha=8, target_modules=["q_proj", "mlp.up_proj"]),
         tokens=("embed_tokens",)),
    Case("rslora-all-linear", "llama-bias", dict(r=3, lora_alpha=6, use_rslora=True, target_modules="all-linear")),
    Case("regex-untied-rows", "llama-untied",
         dict(r=2, lora_alpha=5, target_modules=r"model\.layers\.1\..*\.(k|o|down)_proj"),
         tokens=("embed_tokens", "lm_head")),
    Case("one-layer", "mistral", dict(r=4, lora_alpha=4, target_modules=["v_proj"], layers_to_transform=[1]),
         tokens=("embed_tokens",)),
    Case("grown-tied", "llama-tied", dict(r=2, lora_alpha=8), tokens=("embed_tokens",), grown=2),
    Case("grown-untied", "llama-untied", dict(r=2, lora_alpha=8), grown=2),
]


def adapted(case, ids):
    """The base model with a fresh adapter."""
    torch.manual_seed(zlib.crc32(case.name.encode()))
    model = AutoModelForCausalLM.from_pretrained(RESOURCES / case.base, dtype=torch.float32)
    if case.grown:
        model.resize_token_embeddings(model.config.vocab_size + case.grown)
    rows = {module: ids for module in case.tokens} or None
    if case.tokens == ("embed_tokens",):
        rows = ids
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", trainable_token_indices=rows, **case.config))
    model.peft_config["default"].base_model_name_or_path = case.base
    return model


def save(model, folder, grown):
    """As save_pretrained does; without the model card, and with the target modules in stable order."""
    model.save_pretrained(folder, save_embedding_layers=grown)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def train(model, batch):
    """Ten steps on one batch, nothing clipped; losses before each step."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, foreach=False, **ADAMW)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return losses


def write_case(case, folder):
    """Writes one case's adapters and truths."""
    base = json.loads((RESOURCES / case.base / "truth.json").read_text())
    batch = {key: torch.tensor(base[key]) for key in ("input_ids", "attention_mask", "labels")}
    # One id stands in the prompt of row 0, the other is a label.
    ids = [base["input_ids"][0][3], base["input_ids"][0][9]]
    row = torch.tensor([base["input_ids"][0][:base["lengths"][0]]])
    shutil.rmtree(folder, ignore_errors=True)
    model = adapted(case, ids).train()
    save(model, folder / "initial", case.grown > 0)
    losses = train(model, batch)
    save(model, folder / "trained", case.grown > 0)
    model.eval()
    trainable, everything = model.get_nb_trainable_parameters()
    with torch.no_grad():
        logits = model(row).logits[0]
        final_loss = model(**batch).loss
        merged = model.merge_and_unload()(row).logits[0]
    assert torch.allclose(logits, merged, atol=1e-4)
    write_json(folder / "truth.json", {
        "base": case.base, "optimizer": ADAMW, "losses": numbers(losses), "final_loss": number(final_loss),
        "trainable": trainable, "all": everything, "targets": model_targets(folder / "trained"), "token_ids": ids,
        "vocab_size": model.config.vocab_size,
    })
    save_file({"logits.0": logits.contiguous()}, folder / "truth.safetensors")


def model_targets(folder):
    """The modules that have LoRA matrices in a saved adapter."""
    with safe_open(folder / "adapter_model.safetensors", "pt") as file:
        return sorted(name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
                      for name in file.keys() if name.endswith(".lora_A.weight"))


def main():
    prepare()
    out = RESOURCES / "lora"
    for case in CASES:
        write_case(case, out / case.name)
        print(case.name, "written")
    write_versions(out, ["torch", "transformers", "peft", "safetensors"])


if __name__ == "__main__":
    main()
