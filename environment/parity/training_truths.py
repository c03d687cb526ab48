"""Truths about learning: loss, gradients, optimizer steps, accumulation."""

import copy

import torch
from torch.nn.functional import cross_entropy
from transformers import get_linear_schedule_with_warmup

from truth_io import number, numbers

ADAMW = dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
MAX_GRAD_NORM = 1.0
STEPS = 5
WARMUP_STEPS = 2


def kept_tokens(labels):
    """Labels that carry loss. Position 0 is predicted by nothing, so its label never counts."""
    return int((labels[:, 1:] != -100).sum())


def summed_loss(model, batch):
    """Sum of the cross-entropies over the kept tokens, logits at t against the label at t + 1."""
    logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    return cross_entropy(logits.flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=-100, reduction="sum")


def global_norm(model):
    """Euclidean norm over the gradients of all parameters."""
    return torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in model.parameters()]))


def small_parameters(model):
    """The few parameters whose values are recorded in full; their names exist in every Llama-like family."""
    wanted = ("model.norm.weight", "model.layers.0.input_layernorm.weight",
              "model.layers.0.self_attn.k_proj.weight", "model.layers.1.self_attn.q_proj.bias",
              "model.layers.1.mlp.down_proj.bias")
    return {name: p for name, p in model.named_parameters() if name in wanted}


def loss_and_gradients(model, batch, tensors):
    """Mean loss as transformers computes it, and its gradients."""
    model = copy.deepcopy(model)
    loss = model(**batch).loss
    loss.backward()
    for name, parameter in small_parameters(model).items():
        tensors[f"gradient.{name}"] = parameter.grad
    return {
        "loss": number(loss),
        "loss_sum": number(summed_loss(model, batch)),
        "kept_tokens": kept_tokens(batch["labels"]),
        "global_norm": number(global_norm(model)),
        "norms": {name: number(p.grad.norm()) for name, p in model.named_parameters()},
    }


def parameter_groups(model):
    """As Hugging Face's Trainer groups them: norms and biases, the vectors, are exempt from weight decay."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    return [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]


def adamw(model, batch, tensors, prefix, warmup):
    """Five steps on one batch: backward, clip by global norm, AdamW, schedule."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(parameter_groups(model), foreach=False, **ADAMW)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP_STEPS, STEPS) if warmup else None
    losses, norms, rates = [], [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM, foreach=False))
        losses.append(loss)
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule:
            schedule.step()
    for name, parameter in small_parameters(model).items():
        tensors[f"{prefix}.final.{name}"] = parameter.detach()
    return {
        "losses": numbers(losses),
        "gradient_norms": numbers(norms),
        "learning_rates": numbers(rates),
        "final_loss": number(model(**batch).loss),
        "final_weight_norms": {name: number(p.detach().norm()) for name, p in model.named_parameters()},
    }


def accumulation(model, batch):
    """Four micro-batches of one row, each summed loss divided by the kept tokens of all four, against one batch.

    This is what transformers' num_items_in_batch does: rows with more kept tokens weigh more.
    """
    total = kept_tokens(batch["labels"])
    whole, parts = copy.deepcopy(model), copy.deepcopy(model)
    whole_loss = whole(**batch, num_items_in_batch=total).loss
    whole_loss.backward()
    losses = []
    for row in range(len(batch["labels"])):
        loss = parts(**{k: v[row:row + 1] for k, v in batch.items()}, num_items_in_batch=total).loss
        loss.backward()
        losses.append(loss.detach())
    assert torch.allclose(whole_loss, sum(losses), rtol=1e-5), "accumulation must equal the whole batch"
    return {
        **{key: batch[key].tolist() for key in ("input_ids", "attention_mask", "labels")},
        "kept_tokens_per_row": [kept_tokens(batch["labels"][r:r + 1]) for r in range(len(batch["labels"]))],
        "kept_tokens": total,
        "micro_losses": numbers(losses),
        "loss": number(sum(losses)),
        "whole_batch_loss": number(whole_loss),
        "global_norm": number(global_norm(parts)),
        "whole_batch_global_norm": number(global_norm(whole)),
    }
