"""Makes src/test/resources/parity/preferences/: what TRL's own DPOTrainer and GRPOTrainer make of a few replies.

    .venv/bin/pip install -r environment/parity/requirements.txt trl==1.16.0
    .venv/bin/python environment/parity/make_preferences.py

The model is the tiny checkpoint of `make_ten_steps.py`, in f32. Of each loss there are its value, the weight of every
kept token (minus the loss's gradient by that token's log-probability, as TRL's code has it) and the gradients.
"""

import shutil
import tempfile

import torch
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer

from cases import VOCABULARY
from make_ten_steps import FOLDER as CHECKPOINT
from truth_io import RESOURCES, number, numbers, prepare, write_json, write_versions

FOLDER = RESOURCES / "preferences"
END = 2
# The gradients that are stored value by value; of the others the norm.
WATCHED = ("model.norm.weight", "model.layers.0.self_attn.k_proj.weight")
PAIRS = (((11, 12, 13, 14), (20, 21, 22), (30, 31)), ((15, 16), (23,), (32, 33, 34, 35)),
         ((17, 18, 19, 11, 12, 13), (24, 25, 26, 27, 28), (36, 37, 38)), ((14,), (29, 20), (39,)),
         ((40, 41, 42), (43, 44, 45), (43, 44, 46)), ((47, 48, 49, 50), (51,), (52,)))
PROMPTS = ((11, 12, 13, 14, 15), (16, 17, 18))
# Four replies to each prompt; three have no end.
REPLIES = ((20, 21, END), (22, 23, 24, 25, END), (26, 27, 28, 29, 30, 31, 32, 33), (34, END),
           (35, 36, END), (37, 38, 39, 40, 41, 42, 43, 44), (45, 46, 47, 48, 49, 50, 51, 52), (53, 54, 55, END))
REWARDS = ((1, 0.2), (0, 0.4), (1, 0.9), (0, 0), (0, 0.3), (0, 0.7), (1, 0.1), (0, 0.5))
REWARD_WEIGHTS = (1.0, 0.5)
LONGEST = 8
STEPS = dict(max_steps=10, learning_rate=1e-3, adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8, weight_decay=0.1,
             max_grad_norm=1.0)
PLAIN = dict(report_to="none", use_cpu=True, bf16=False, gradient_checkpointing=False, logging_steps=1,
             disable_tqdm=True, save_strategy="no", lr_scheduler_type="linear")


def word(i):
    return f"t{i:02d}"


def tokenizer():
    """Words t00, t01, …, so that texts say which ids they are; none is part of another."""
    words = Tokenizer(models.WordLevel({word(i): i for i in range(VOCABULARY)}, unk_token=word(3)))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token=word(END), pad_token=word(0), bos_token=word(1))


def text(ids):
    return "".join(word(i) + " " for i in ids)


def base():
    return AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32, attn_implementation="eager")


def watching(model):
    """Keeps the log-probabilities that the model's forward gives, and lets them have gradients."""
    seen, forward = [], model.forward

    def watched(*args, **kwargs):
        outputs = forward(*args, **kwargs)
        if getattr(outputs, "log_probs", None) is not None and outputs.log_probs.requires_grad:
            outputs.log_probs.retain_grad()
            seen.append(outputs.log_probs)
        return outputs

    model.forward = watched
    return seen


def offsets(shape, seed, size):
    return size * (2 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 1)


def measured(name, trainer, loss, seen, kept, tensors):
    """Loss, weights and gradients; `kept` cuts each row's own log-probabilities out of the padded ones."""
    trainer.model.zero_grad()
    loss.backward()
    gradients = {key: p.grad for key, p in trainer.model.named_parameters()}
    for key in WATCHED:
        tensors[f"{name}.{key}"] = gradients[key].clone()
    return {"loss": number(loss), "weights": [numbers(-row) for row in kept(seen[-1].grad)],
            "norms": {key: number(g.double().norm()) for key, g in gradients.items()}}


# DPO

def dpo_trainer(folder, **settings):
    rows = [dict(prompt=text(p), chosen=text(c), rejected=text(r)) for p, c, r in PAIRS]
    for row in rows:
        row["chosen"] += word(END)
        row["rejected"] += word(END)
    args = DPOConfig(folder, per_device_train_batch_size=len(PAIRS), precompute_ref_log_probs=True,
                     **PLAIN | settings)
    return DPOTrainer(base(), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer())


def dpo(loss_type, beta, folder, tensors):
    """The loss of the six pairs, as seen from a reference that lies off the model by known amounts."""
    trainer = dpo_trainer(folder, loss_type=[loss_type], beta=beta)
    trainer.model.train()
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(PAIRS))])
    batch["ref_chosen_logps"] += offsets(len(PAIRS), 1, 8)
    batch["ref_rejected_logps"] += offsets(len(PAIRS), 2, 8)
    seen = watching(trainer.model)
    loss = trainer._compute_loss(trainer.model, batch, False)
    masks = batch["completion_mask"][:, 1:].bool()
    truth = measured(f"dpo.{loss_type}", trainer, loss, seen, lambda g: [r[m] for r, m in zip(g, masks)], tensors)
    logs = {key: number(torch.tensor(value).double().mean()) for key, value in trainer._metrics["train"].items()
            if key.startswith(("rewards/", "logps/"))}
    return {"beta": beta, "ref_chosen": numbers(batch["ref_chosen_logps"]),
            "ref_rejected": numbers(batch["ref_rejected_logps"]), **truth, "metrics": logs}


def ten_dpo_steps(loss_type, beta, folder):
    """TRL's trainer from end to end."""
    trainer, losses = dpo_trainer(folder, loss_type=[loss_type], beta=beta, **STEPS), []
    compute = trainer.compute_loss

    def recorded(*args, **kwargs):
        loss = compute(*args, **kwargs)
        losses.append(loss.item())
        return loss

    trainer.compute_loss = recorded
    trainer.train()
    return {"beta": beta, "losses": numbers(losses),
            "final_norms": {key: number(p.double().norm()) for key, p in trainer.model.named_parameters()}}


# GRPO

def grpo_trainer(folder, **settings):
    rewards = {reply: reward for reply, reward in zip(REPLIES, REWARDS)}
    judge = lambda k: lambda completion_ids, **_: [float(rewards[tuple(ids)][k]) for ids in completion_ids]
    judges = [judge(0), judge(1)]
    for k, function in enumerate(judges):
        function.__name__ = f"reward{k}"
    drawn = lambda prompts, trainer: dict(prompt_ids=[list(PROMPTS[i // 4]) for i in range(8)],
                                          completion_ids=[list(reply) for reply in REPLIES], logprobs=None)
    rows = Dataset.from_list([dict(prompt=text(p)) for p in PROMPTS])
    args = GRPOConfig(folder, per_device_train_batch_size=8, num_generations=4, max_completion_length=LONGEST,
                      reward_weights=list(REWARD_WEIGHTS), **PLAIN | settings)
    trainer = GRPOTrainer(base(), reward_funcs=judges, args=args, train_dataset=rows, processing_class=tokenizer(),
                          rollout_func=drawn)
    trainer.current_gradient_accumulation_steps = 1
    trainer.model.train()
    return trainer


def scored(trainer):
    """TRL's own batch of the replies: padded ids, masks and advantages."""
    return trainer._generate_and_score_completions([dict(prompt=text(PROMPTS[i // 4])) for i in range(8)])


def advantages(folder):
    return {scale: numbers(scored(grpo_trainer(folder, scale_rewards=scale))["advantages"])
            for scale in ("group", "batch", "none")}


def grpo(name, folder, tensors, several=False, **settings):
    """One loss; of several updates a batch, after the model has moved away from the one that drew the replies."""
    trainer = grpo_trainer(folder, **settings)
    batch = scored(trainer)
    mask = batch["completion_mask"].bool()
    with torch.no_grad():
        now, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model, torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1),
            torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1), LONGEST)
    old, ref = now + offsets(now.shape, 3, 0.5), now + offsets(now.shape, 4, 0.8)
    if several:
        batch["old_per_token_logps"] = old
    batch["ref_per_token_logps"] = ref
    seen = watching(trainer.model)
    loss = trainer._compute_loss(trainer.model, batch)
    kept = lambda rows: [row[m] for row, m in zip(rows[:, -LONGEST:], mask)]
    truth = measured(f"grpo.{name}", trainer, loss, seen, kept, tensors)
    metrics = {key: number(value[-1]) for key, value in trainer._metrics["train"].items()
               if not key.startswith(("num_tokens", "step_time"))}
    if several:
        assert metrics["clip_ratio/region_mean"] > 0.05, "clipping bites"
    return {"several": several, **settings, "old": [numbers(row) for row in kept(old)] if several else None,
            "ref": [numbers(row) for row in kept(ref)], **truth, "metrics": metrics}


def main():
    prepare()
    torch.use_deterministic_algorithms(False)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    tensors, cases = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for loss_type in ("grpo", "dr_grpo", "dapo"):
            cases[f"{loss_type}.one"] = dict(loss_type=loss_type)
            cases[f"{loss_type}.several"] = dict(loss_type=loss_type, several=True)
            cases[f"{loss_type}.kl"] = dict(loss_type=loss_type, several=True, beta=0.3)
            cases[f"{loss_type}.masked"] = dict(loss_type=loss_type, mask_truncated_completions=True)
        cases["temperature"] = dict(loss_type="dapo", temperature=0.7)
        write_json(FOLDER / "truth.json", {
            "pairs": [dict(prompt=p, chosen=(*c, END), rejected=(*r, END)) for p, c, r in PAIRS],
            "sigmoid": dpo("sigmoid", 0.1, folder, tensors), "ipo": dpo("ipo", 0.5, folder, tensors),
            "steps": STEPS, "sigmoid_steps": ten_dpo_steps("sigmoid", 0.1, folder),
            "ipo_steps": ten_dpo_steps("ipo", 0.5, folder),
            "prompts": PROMPTS, "replies": REPLIES, "rewards": REWARDS, "reward_weights": REWARD_WEIGHTS,
            "max_completion_length": LONGEST, "advantages": advantages(folder),
            **{f"grpo.{name}": grpo(name, folder, tensors, **case) for name, case in cases.items()},
        })
    save_file({name: t.detach().contiguous() for name, t in tensors.items()}, FOLDER / "truth.safetensors")
    write_versions(FOLDER, ["torch", "transformers", "trl", "safetensors"])


if __name__ == "__main__":
    main()
