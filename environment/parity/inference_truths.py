"""Truths about running a model: logits, hidden states, greedy text, resized vocabularies, sampling filters."""

import copy

import torch
from transformers import (LogitsProcessorList, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
                          TopKLogitsWarper, TopPLogitsWarper)

from truth_io import number, numbers

NEW_TOKENS = 12
ADDED_ROWS = 4
CLONED_ROW = 7
# Greedy choices closer than this could flip by rounding in another implementation.
SMALLEST_MARGIN = 1e-3


def rows(batch):
    """The rows without their padding, as int64 tensors of shape [1, length]."""
    return [ids[mask.bool()][None] for ids, mask in zip(batch["input_ids"], batch["attention_mask"])]


@torch.no_grad()
def logits_and_hidden_states(model, batch, tensors):
    """Logits at the non-pad positions of each row, and what each layer puts out for row 0."""
    logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    for row, (values, mask) in enumerate(zip(logits, batch["attention_mask"])):
        tensors[f"logits.{row}"] = values[mask.bool()]
    tensors |= hidden_states(model, rows(batch)[0])
    log_probabilities = tensors["logits.0"][:-1].log_softmax(-1)
    return numbers(log_probabilities.gather(1, rows(batch)[0][0, 1:, None])[:, 0])


def hidden_states(model, ids):
    """hidden.0 the embeddings, hidden.1 … the residual stream after each layer, hidden.norm the final norm."""
    found = {}

    def recorder(name):
        def record(module, args, output):
            found[name] = (output[0] if isinstance(output, tuple) else output)[0].clone()
        return record

    modules = {"hidden.0": model.get_input_embeddings(), "hidden.norm": model.model.norm}
    modules |= {f"hidden.{i + 1}": layer for i, layer in enumerate(model.model.layers)}
    hooks = [module.register_forward_hook(recorder(name)) for name, module in modules.items()]
    model(ids)
    for hook in hooks:
        hook.remove()
    return found


def greedy(model, ids, **options):
    """Ids that greedy decoding adds, and the smallest lead of a chosen logit over the second."""
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS,
                         pad_token_id=0, return_dict_in_generate=True, output_logits=True, **options)
    best = torch.stack(out.logits, 1)[0].topk(2, dim=-1).values
    margin = float((best[:, 0] - best[:, 1]).min())
    assert margin > SMALLEST_MARGIN, f"greedy choice too close ({margin}); take another seed"
    return out.sequences[0, ids.shape[1]:].tolist(), margin


def greedy_rows(model, batch):
    """Greedy continuation of each row alone, and one that an end-of-sequence id cuts short (it is kept)."""
    results = [greedy(model, ids) for ids in rows(batch)]
    first, new = rows(batch)[0], results[0][0]
    stopped_by = new[len(new) // 2]
    return {
        "new_tokens": [ids for ids, _ in results],
        "smallest_margin": number(min(margin for _, margin in results)),
        "eos_stop": {"row": 0, "eos_token_id": stopped_by,
                     "new_tokens": greedy(model, first, eos_token_id=stopped_by)[0]},
    }


@torch.no_grad()
def resized(model, batch, tensors):
    """Four more rows, all clones of row 7 in the embedding and the head; and what mean resizing draws from."""
    for name, matrix in matrices(model).items():
        mean = matrix.mean(0)
        tensors[f"resize.mean.{name}"] = mean
        tensors[f"resize.covariance_diagonal.{name}"] = (matrix - mean).square().mean(0)
    old, model = len(model.get_input_embeddings().weight), copy.deepcopy(model)
    model.resize_token_embeddings(old + ADDED_ROWS, mean_resizing=False)
    for matrix in matrices(model).values():
        matrix[old:] = matrix[CLONED_ROW]
    ids = rows(batch)[0].clone()
    ids[0, 3] = old + 1
    tensors["resize.logits"] = model(ids).logits[0]
    return {"added_rows": ADDED_ROWS, "cloned_row": CLONED_ROW, "input_ids": ids[0].tolist(),
            "vocab_size": model.config.vocab_size}


def matrices(model):
    """The embedding, and the head where it is a matrix of its own."""
    found = {"input": model.get_input_embeddings().weight}
    if not model.config.tie_word_embeddings:
        found["output"] = model.get_output_embeddings().weight
    return found


def sampling_truth(seed):
    """Probabilities after each filter alone and after all, in the order transformers applies them."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(1, 40, generator=generator) * 2
    context = torch.tensor([[int(logits.argmax()), 3, 3, 17, 20, int(logits.argmin())]])
    filters = {"repetition_penalty": RepetitionPenaltyLogitsProcessor(1.3),
               "temperature": TemperatureLogitsWarper(0.7),
               "top_k": TopKLogitsWarper(5),
               "top_p": TopPLogitsWarper(0.9)}

    def probabilities(*names):
        return numbers(LogitsProcessorList(filters[n] for n in names)(context, logits.clone()).softmax(-1)[0])

    return {
        "settings": {"repetition_penalty": 1.3, "temperature": 0.7, "top_k": 5, "top_p": 0.9},
        "order": list(filters),
        "context": context[0].tolist(),
        "logits": numbers(logits[0]),
        "none": probabilities(),
        **{name: probabilities(name) for name in filters},
        "temperature_top_p": probabilities("temperature", "top_p"),
        "all": probabilities(*filters),
    }
