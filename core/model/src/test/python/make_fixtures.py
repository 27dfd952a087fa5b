"""Writes small random checkpoints and what transformers computes for them in 32-bit floats.

    python make_fixtures.py FIXTURES_DIR

needs torch, transformers and safetensors, and no network. Each fixture is a directory with config.json,
model.safetensors (or two shards) and golden.json:

    {"reference": "...", "cases": [{"text", "input_ids", "last_logits_first16", "prompt_logprobs",
     "greedy_token_ids", "greedy_logprobs"}]}

"text" only names the case: these fixtures have no tokenizer. Weights are drawn wide enough (standard deviation
0.25, norms around 1, biases not zero) that a forgotten bias, window or frequency moves every logit. A seed is passed
over if a greedy choice would hang on less than MARGIN, so that rounding cannot change a continuation.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

MARGIN = 2e-3
GREEDY = 24
PROMPT_LENGTHS = [1, 7, 26]
SIZE = dict(
    vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=2)
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64}


def old_rope(scaling):
    """config.json as it was before rope_parameters and dtype."""

    def edit(config):
        config.pop("rope_parameters")
        config["rope_theta"] = 5000.0
        config["rope_scaling"] = scaling
        config["torch_dtype"] = config.pop("dtype")

    return edit


def without(*keys):
    def edit(config):
        for key in keys:
            config.pop(key)

    return edit


def unchanged(config):
    pass


def qwen2_windowed(**how):
    return Qwen2Config(**SIZE, use_sliding_window=True, sliding_window=5, tie_word_embeddings=True, **how)


# name: (configuration, edit of config.json, bytes of a shard)
FIXTURES = {
    "tiny-mistral-window": (MistralConfig(**SIZE, sliding_window=6), unchanged, "1GB"),
    "tiny-llama3-rope": (LlamaConfig(**SIZE, rope_parameters={"rope_theta": 10000.0} | LLAMA3), unchanged, "1GB"),
    "tiny-llama3-rope-old": (
        LlamaConfig(**SIZE, rope_theta=5000.0, rope_scaling=dict(LLAMA3)), old_rope(LLAMA3), "1GB"),
    "tiny-llama-linear-rope-old": (
        LlamaConfig(**SIZE, rope_theta=5000.0, rope_scaling={"rope_type": "linear", "factor": 4.0}),
        old_rope({"type": "linear", "factor": 4.0}), "1GB"),
    "tiny-llama-biases": (
        LlamaConfig(**SIZE | dict(vocab_size=96), head_dim=12, attention_bias=True, mlp_bias=True), unchanged, "1GB"),
    "tiny-qwen2-layer-types": (
        qwen2_windowed(layer_types=["sliding_attention", "full_attention"]), unchanged, "1GB"),
    "tiny-qwen2-max-window-layers": (qwen2_windowed(max_window_layers=1), without("layer_types"), "1GB"),
    "tiny-qwen3-untied-shards": (
        Qwen3Config(**SIZE, head_dim=8, tie_word_embeddings=False, attention_bias=True), unchanged, "70KB"),
}


def model(config, seed):
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith("norm.weight"):
                parameter.normal_(1.0, 0.2)
            else:
                parameter.normal_(0.0, 0.25)
    return made


@torch.no_grad()
def case(made, ids):
    """The golden values of one prompt, and the least margin of its greedy choices."""
    logits = made(torch.tensor([ids])).logits[0]
    logprobs = logits.log_softmax(-1)
    greedy, greedy_logprobs, margin, context = [], [], float("inf"), list(ids)
    for _ in range(GREEDY):
        # Without a cache: the whole sequence anew at every step.
        last = made(torch.tensor([context]), use_cache=False).logits[0, -1].log_softmax(-1)
        two = last.topk(2)
        margin = min(margin, (two.values[0] - two.values[1]).item())
        greedy.append(two.indices[0].item())
        greedy_logprobs.append(round(two.values[0].item(), 6))
        context.append(greedy[-1])
    return {
        "text": f"{len(ids)} random tokens",
        "input_ids": ids,
        "last_logits_first16": [round(x, 5) for x in logits[-1, :16].tolist()],
        "prompt_logprobs": [None] + [round(logprobs[i - 1, ids[i]].item(), 6) for i in range(1, len(ids))],
        "greedy_token_ids": greedy,
        "greedy_logprobs": greedy_logprobs,
    }, margin


def write(directory, config, edit, shard):
    for seed in range(1, 200):
        shutil.rmtree(directory, ignore_errors=True)
        model(config, seed).save_pretrained(directory, max_shard_size=shard)
        (directory / "generation_config.json").unlink(missing_ok=True)
        file = directory / "config.json"
        content = json.loads(file.read_text())
        edit(content)
        file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        # What is golden is what the written directory means to transformers, not what made it.
        loaded = AutoModelForCausalLM.from_pretrained(
            directory, attn_implementation="eager", dtype=torch.float32).eval()
        prompts = [torch.randint(3, config.vocab_size, (n,)).tolist() for n in PROMPT_LENGTHS]
        cases, margins = zip(*(case(loaded, prompt) for prompt in prompts))
        if min(margins) >= MARGIN:
            break
    else:
        sys.exit(f"{directory}: no seed with a margin of {MARGIN}")
    reference = f"transformers {transformers.__version__}, torch {torch.__version__}, float32 eager, seed {seed}"
    golden = {"reference": reference, "cases": cases}
    (directory / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    size = sum(f.stat().st_size for f in directory.iterdir())
    print(f"{directory.name}: seed {seed}, margin {min(margins):.4f}, {size} bytes")


if __name__ == "__main__":
    for fixture, (config, edit, shard) in FIXTURES.items():
        write(Path(sys.argv[1]) / fixture, config, edit, shard)
