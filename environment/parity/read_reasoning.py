"""What transformers makes of tokenizers whose template knows a reasoning role: read_reasoning.py REQUEST.json ANSWER.json

REQUEST: {"folders": […], "messages": […]}. ANSWER holds for each folder the texts that the two flags of the template give
("thinks", "answers"), and the ids and the mask of the conversation ("ids", "mask"). For the mask, {% generation %} blocks are
put around what the model writes in the roles reasoning and assistant, each with the end token.
"""

import json
import re
import sys

from transformers import AutoTokenizer

LINE = re.compile(r"\{\{- headers\[message\['role'\]\] \+ message\['content'\] \+ '(.*?>)((?:\\n)*)' \}\}")
BLOCKS = r"""{{- headers[message['role']] }}
{%- if message['role'] in ['reasoning', 'assistant'] %}
{%- generation %}{{- message['content'] + '\1' }}{%- endgeneration %}
{%- else %}
{{- message['content'] + '\1' }}
{%- endif %}
{{- '\2' }}"""


def read(folder, messages):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    blocks, found = LINE.subn(lambda line: line.expand(BLOCKS), tokenizer.chat_template)
    assert found == 1, tokenizer.chat_template
    marked = tokenizer.apply_chat_template(
        messages, chat_template=blocks, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    texts = {
        name: tokenizer.apply_chat_template(messages, tokenize=False, **{flag: True})
        for name, flag in (("thinks", "add_reasoning_generation_prompt"), ("answers", "add_assistant_generation_prompt"))
    }
    assert marked["input_ids"] == tokenizer.apply_chat_template(messages)["input_ids"]
    return {**texts, "ids": marked["input_ids"], "mask": marked["assistant_masks"]}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as request:
        question = json.load(request)
    answers = [read(folder, question["messages"]) for folder in question["folders"]]
    with open(sys.argv[2], "w", encoding="utf-8") as answer:
        json.dump(answers, answer)
