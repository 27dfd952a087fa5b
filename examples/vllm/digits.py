"""Makes a copy of SmolLM2 that can work on the environment reverse-text: examples/vllm/digits.py MODEL TO

The weights are the same. Three special tokens that the environment does not need otherwise get the names of those that it asks for. SmolLM2's
tokenizer has a token for every digit, so `environment.alphabet` is 0123456789.
"""

import json
import os
import sys

NAMES = {"<repo_name>": "<|bos|>", "<reponame>": "<|sep|>", "<file_sep>": "<|eos|>"}


def main(model, to):
    os.makedirs(to)
    for name in ["config.json", "generation_config.json", "model.safetensors", "tokenizer_config.json"]:
        os.symlink(os.path.abspath(f"{model}/{name}"), f"{to}/{name}")
    with open(f"{model}/tokenizer.json", encoding="utf-8") as file:
        tokenizer = json.load(file)
    for token in tokenizer["added_tokens"]:
        token["content"] = NAMES.get(token["content"], token["content"])
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {NAMES.get(token, token): index for token, index in vocabulary.items()}
    with open(f"{to}/tokenizer.json", "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
