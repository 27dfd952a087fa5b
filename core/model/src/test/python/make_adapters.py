"""Writes adapters with PEFT and what PEFT computes with them in 32-bit floats.

    python make_adapters.py FIXTURES_DIR ADAPTERS_DIR [NAME]...

needs torch, transformers and peft, and no network. Each adapter is a directory with PEFT's two files and golden.json:

    {"reference": "...", "base": "tiny-llama", "input_ids": [...], "logits_first16": [[...]], "greedy_token_ids": [...],
     "gradients": {...}}

"base" names a directory of FIXTURES_DIR. B is drawn like A, so that every factor moves every logit. "logits_first16"
are those of every position. "greedy_token_ids" continue input_ids, each by more than MARGIN. "gradients" are those of
the mean negative logprob of the tokens after the first: for each matrix the norm and the first numbers.
"""

import json
import sys
from pathlib import Path

import peft
import torch
from transformers import AutoModelForCausalLM

MARGIN = 2e-3
GREEDY = 24
ADAPTERS = {
    "llama": ("tiny-llama", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "llama-rslora": (
        "tiny-llama", dict(r=8, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "v_proj", "lm_head"])),
    # PEFT saves the keys of patterns sorted, and the first that matches counts.
    "llama-patterns": (
        "tiny-llama",
        dict(
            r=4, lora_alpha=8, target_modules="all-linear",
            rank_pattern={"down_proj": 6, "layers.1.self_attn.[qk]_proj": 2},
            alpha_pattern={"layers.0.self_attn.q_proj": 3, "self_attn.[a-z]_proj": 5, "up_proj": 16})),
    # Its q, k and v have biases.
    "qwen2": ("tiny-qwen2", dict(r=6, lora_alpha=9, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"])),
    # Its head is tied to its embedding; saved as PEFT does by default, with the head's own weights.
    "qwen2-head": ("tiny-qwen2", dict(r=5, lora_alpha=7, target_modules=["q_proj", "down_proj", "lm_head"])),
    "phi3": ("tiny-phi3-window", dict(r=4, lora_alpha=6, target_modules=["qkv_proj", "gate_up_proj", "down_proj"])),
}


@torch.no_grad()
def greedy(model, ids):
    for _ in range(GREEDY):
        best = model(input_ids=ids).logits[0, -1].topk(2)
        assert best.values[0] - best.values[1] > MARGIN, "a near tie: choose another seed"
        ids = torch.cat([ids, best.indices[:1].view(1, 1)], 1)
    return ids[0, -GREEDY:].tolist()


def make(name, fixtures, to):
    base, settings = ADAPTERS[name]
    torch.manual_seed(11)
    model = AutoModelForCausalLM.from_pretrained(fixtures / base, dtype=torch.float32)
    model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings)).eval()
    factors = {key: value for key, value in model.named_parameters() if "lora_" in key}
    for value in factors.values():
        torch.nn.init.normal_(value, std=0.2)
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(to / name, save_embedding_layers="auto" if name.endswith("-head") else False)
    (to / name / "README.md").unlink()
    ids = torch.randint(3, model.config.vocab_size, (1, 21))
    logits = model(input_ids=ids).logits[0]
    logprobs = torch.log_softmax(logits[:-1], -1).gather(1, ids[0, 1:, None])
    (-logprobs.mean()).backward()
    golden = {
        "reference": f"peft {peft.__version__}, torch {torch.__version__}",
        "base": base,
        "input_ids": ids[0].tolist(),
        "logits_first16": logits[:, :16].tolist(),
        "greedy_token_ids": greedy(model, ids),
        "gradients": {
            key.replace(".default", ""): {
                "norm": value.grad.norm().item(), "first": value.grad.flatten()[:8].tolist()}
            for key, value in factors.items()},
    }
    (to / name / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    for each in ADAPTERS:
        if not sys.argv[3:] or each in sys.argv[3:]:
            make(each, Path(sys.argv[1]), Path(sys.argv[2]))
