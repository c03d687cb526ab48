"""Makes tiny random checkpoints and what Python's transformers computes with them.

    python -m venv .venv && .venv/bin/pip install -r environment/parity/requirements.txt
    .venv/bin/python environment/parity/make_fixtures.py             # all cases
    .venv/bin/python environment/parity/make_fixtures.py llama-tied  # some

Per case, in src/test/resources/parity/<case>/: the checkpoint as save_pretrained writes it (f32), truth.json
and truth.safetensors. parity/sampling/truth.json needs no model. Everything is seeded: running it again with
the versions in versions.txt gives the same files.
"""

import argparse
import json
import shutil
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, GenerationConfig

from cases import CASES, FAMILIES, VOCABULARY
from inference_truths import greedy_rows, logits_and_hidden_states, resized, sampling_truth
from training_truths import ADAMW, MAX_GRAD_NORM, WARMUP_STEPS, accumulation, adamw, loss_and_gradients
from truth_io import RESOURCES, number, prepare, write_json, write_versions

LENGTHS = (17, 9, 2, 13)
BATCH_ROWS = 3
PAD = 0
# A mistake that moves the logits less than this could hide behind rounding.
VISIBLE = 5e-4


def build(case, generator):
    """The case's model with weights large enough for mistakes to show."""
    family = FAMILIES[case.family]
    config = family.config(**case.config, dtype="float32", attn_implementation="eager")
    model = family.model(config).eval()
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            parameter.data = family.norm_centre + 0.2 * noise
        elif "embed_tokens" in name:
            parameter.data = case.embedding_std * noise
        else:
            parameter.data = case.matrix_std * noise
    model.tie_weights()
    model.generation_config = GenerationConfig(bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id,
                                               pad_token_id=config.pad_token_id, **case.generation)
    return model


def make_batch(generator):
    """Four right-padded rows. Labels: the first third of rows 0 and 3 is masked, and a hole in row 0; row 1 is
    labelled from position 0, whose label no logit predicts; row 2 has a single kept token. Ids 0 to 3 do not occur.
    """
    ids = torch.full((len(LENGTHS), max(LENGTHS)), PAD)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.randint(4, VOCABULARY, (length,), generator=generator)
        mask[row, :length] = 1
    labels = ids.masked_fill(mask == 0, -100)
    labels[0, :6] = labels[3, :4] = labels[2, :1] = -100
    labels[0, 10:12] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@torch.no_grad()
def sensitivity(case, model, batch):
    """How far each mistake moves the logits of row 0 at most; fails where one would hide."""
    moved, ids = {}, batch["input_ids"][:1]
    for label, overrides in case.mistakes.items():
        family = FAMILIES[overrides.get("family", case.family)]
        overrides = {key: value for key, value in overrides.items() if key != "family"}
        config = family.config(**(case.config | overrides), attn_implementation="eager")
        wrong = family.model(config).eval()
        wrong.load_state_dict(model.state_dict(), strict=False)
        wrong.tie_weights()
        moved[label] = number((wrong(ids).logits - model(ids).logits).abs().max())
        assert moved[label] > VISIBLE, f"{case.name}: {label} moves the logits by {moved[label]} only"
    return moved


def write_v4_config(folder, changes):
    """config.json as transformers 4 wrote it: rope_theta and rope_scaling at the top, torch_dtype."""
    config = json.loads((folder / "config.json").read_text())
    scaling = config.pop("rope_parameters")
    if "full_attention" in scaling:
        config["rope_local_base_freq"] = scaling["sliding_attention"]["rope_theta"]
        config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")
        del config["layer_types"]
        scaling = scaling["full_attention"]
    config |= {"rope_theta": scaling.pop("rope_theta"),
               "rope_scaling": None if scaling["rope_type"] == "default" else scaling,
               "torch_dtype": config.pop("dtype"), "transformers_version": "4.45.0"} | changes
    path = folder / "config-v4.json"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    assert AutoConfig.from_pretrained(path).rope_parameters == AutoConfig.from_pretrained(folder).rope_parameters


def write_case(case, folder, seed):
    """Writes one case's checkpoint and truths."""
    generator = torch.Generator().manual_seed(zlib.crc32(case.name.encode()) + seed)
    model, four = build(case, generator), make_batch(generator)
    batch = {key: value[:BATCH_ROWS] for key, value in four.items()}
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    if case.v4_config is not None:
        write_v4_config(folder, case.v4_config)
    tensors = {}
    truth = {
        "case": case.name,
        "seed": seed,
        **{key: value.tolist() for key, value in batch.items()},
        "lengths": list(LENGTHS[:BATCH_ROWS]),
        "next_token_log_probabilities": logits_and_hidden_states(model, batch, tensors),
        "gradients": loss_and_gradients(model, batch, tensors),
        "greedy": greedy_rows(model, batch),
        "optimizer": ADAMW | {"max_grad_norm": MAX_GRAD_NORM, "warmup_steps": WARMUP_STEPS},
        "adamw": adamw(model, batch, tensors, "adamw", warmup=False),
        "adamw_warmup": adamw(model, batch, tensors, "adamw_warmup", warmup=True),
        "accumulation": accumulation(model, four),
        "resize": resized(model, batch, tensors),
        "sensitivity": sensitivity(case, model, batch),
    }
    write_json(folder / "truth.json", truth)
    save_file({name: t.detach().contiguous() for name, t in tensors.items()}, folder / "truth.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="names of cases; all when none is given")
    parser.add_argument("--out", type=Path, default=RESOURCES)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    prepare()
    for case in CASES:
        if not arguments.cases or case.name in arguments.cases:
            write_case(case, arguments.out / case.name, arguments.seed)
            print(case.name, "written")
    (arguments.out / "sampling").mkdir(parents=True, exist_ok=True)
    write_json(arguments.out / "sampling/truth.json", sampling_truth(arguments.seed))
    write_versions(arguments.out, ["torch", "transformers", "safetensors", "numpy", "gguf"])


if __name__ == "__main__":
    main()
