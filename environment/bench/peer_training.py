"""TRL's side of environment/bench: one epoch of full fine-tuning, its figures as JSON.

TRL as its users would set it for speed on this machine:
- rows of similar length share a batch, as on our side; packing is left out: it puts other rows into a step, and TRL's
  documentation supports the padding-free batches it implies with flash attention only, a GPU's;
- fused AdamW; gradient checkpointing off unless asked for (TRL's default is on, and slower);
- bf16 autocast where it is the faster one, f32 elsewhere, as on our side;
- the loss at kept tokens only, which is this TRL's default (`loss_type="nll"`);
- attention is transformers' default, PyTorch's scaled-dot-product; no torch.compile, which would compile again for each
  length of text: that is a run of its own, with `--option torch_compile=true`;
- nothing is saved, reported or evaluated while it trains.
"""

import argparse
import json
import os
import time
from pathlib import Path

STARTED = float(os.environ["BENCH_STARTED"])

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--eval")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--accumulation", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--max-length", type=int, default=1024)
    parser.add_argument("--precision", choices=["F32", "BF16"], default="F32")
    parser.add_argument("--optim", default="adamw_torch_fused")
    parser.add_argument("--gradient-checkpointing", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--option", action="append", default=[], help="NAME=VALUE of SFTConfig, VALUE as JSON")
    parser.add_argument("--out", required=True)
    return parser.parse_args()


def peak():
    """Most bytes resident at once so far."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def rows(file):
    return Dataset.from_list([json.loads(line) for line in Path(file).read_text().splitlines()])


class Clock(TrainerCallback):
    first = first_done = last = None

    def on_step_begin(self, args, state, control, **kwargs):
        self.first = self.first or time.time()

    def on_step_end(self, args, state, control, **kwargs):
        self.last = time.time()
        self.first_done = self.first_done or self.last


def config(options):
    return SFTConfig(
        **{
            "output_dir": str(Path(options.out).with_suffix("")),
            "num_train_epochs": 1,
            "per_device_train_batch_size": options.batch,
            "gradient_accumulation_steps": options.accumulation,
            "learning_rate": options.learning_rate,
            "lr_scheduler_type": "linear",
            "warmup_steps": 0,
            "weight_decay": 0.0,
            "max_length": options.max_length,
            "completion_only_loss": "input_ids" not in Path(options.train).read_text()[:20],
            "optim": options.optim,
            "bf16": options.precision == "BF16",
            "gradient_checkpointing": options.gradient_checkpointing,
            "train_sampling_strategy": "group_by_length",
            "use_cpu": True,
            "dataloader_pin_memory": False,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": [],
            "disable_tqdm": True,
            "seed": options.seed,
        }
        | {name: json.loads(value) for name, value in (o.split("=", 1) for o in options.option)}
    )


def up_to_end(example, end):
    """Without loss on what stands behind the end token: ChatML's line break, which TRL trains and our side does not."""
    ids, labels = example["input_ids"], list(example["labels"])
    if end in ids:
        last = len(ids) - ids[::-1].index(end)
        labels[last:] = [-100] * (len(labels) - last)
    return example | {"labels": labels}


def mean_loss(trainer, data, batch):
    """Mean cross-entropy over the same kept tokens of the held-out rows as on our side, in f32, and how many they are."""
    prepared = trainer._prepare_dataset(data, trainer.processing_class, trainer.args, False, None, "eval")
    prepared = [up_to_end(example, trainer.processing_class.eos_token_id) for example in prepared]
    total = kept = 0
    trainer.model.eval()
    for at in range(0, len(prepared), batch):
        inputs = trainer.data_collator(prepared[at : at + batch])
        labels = inputs.pop("labels")[:, 1:].flatten()
        with torch.no_grad():
            logits = trainer.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        logits = logits[:, :-1].flatten(0, 1).float()
        total += torch.nn.functional.cross_entropy(logits, labels, ignore_index=-100, reduction="sum").item()
        kept += (labels != -100).sum().item()
    return total / kept, kept


def main():
    options = arguments()
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32)
    clock = Clock()
    trainer = SFTTrainer(
        model=model,
        args=config(options),
        train_dataset=rows(options.train),
        processing_class=AutoTokenizer.from_pretrained(options.model),
        callbacks=[clock],
    )
    trainer.train()
    seconds = clock.last - clock.first
    tokens = int(max(entry.get("num_tokens", 0) for entry in trainer.state.log_history))
    train = trainer.train_dataset
    figures = {
        "peak_bytes": peak(),
        "steps": trainer.state.global_step,
        "rows": len(train),
        "tokens": tokens,
        "kept_tokens": sum(sum(label != -100 for label in row[1:]) for row in train["labels"]),
        "training_seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "seconds_to_first_step": clock.first - STARTED,
        "seconds_to_first_step_done": clock.first_done - STARTED,
        "threads": torch.get_num_threads(),
    }
    if options.eval:
        figures["eval_loss"], figures["eval_kept_tokens"] = mean_loss(trainer, rows(options.eval), options.batch)
    Path(options.out).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
