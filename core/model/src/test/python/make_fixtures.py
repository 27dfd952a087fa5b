"""Writes small random checkpoints and what transformers computes for them in 32-bit floats.

    python make_fixtures.py FIXTURES_DIR [NAME...]

needs torch, transformers and safetensors, and no network. Each fixture is a directory with config.json,
model.safetensors (or two shards) and golden.json:

    {"reference": "...", "cases": [{"text", "max_length", "input_ids", "last_logits_first16", "prompt_logprobs",
     "greedy_token_ids", "greedy_logprobs"}], "gradients": {...}}

"text" only names the case: these fixtures have no tokenizer. Weights are drawn wide enough (standard deviation
0.25, norms around 1, biases not zero) that a forgotten bias, window or frequency moves every logit. A seed is passed
over if a greedy choice would hang on less than MARGIN, so that rounding cannot change a continuation.

"max_length" is the context limit for which a decoder is made. The frequencies of dynamic and longrope depend on the
length of a sequence; such cases have those of a sequence of max_length tokens.

"gradients" are those of the mean negative logprob of the last case's prompt: for each parameter the norm and the
first numbers.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers
from transformers import (
    AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, MistralConfig, Phi3Config, Qwen2Config, Qwen3Config,
    SmolLM3Config)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

MARGIN = 2e-3
GREEDY = 24
PROMPTS = [(1, 256), (7, 256), (26, 256)]  # length, max_length
SIZE = dict(
    vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=2)
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64}


def old_rope(scaling, theta=5000.0):
    """config.json as it was before rope_parameters and dtype."""

    def edit(config):
        config.pop("rope_parameters")
        config["rope_theta"] = theta
        config["rope_scaling"] = scaling
        config["torch_dtype"] = config.pop("dtype")

    return edit


def old_gemma3(config):
    """As published: two bases, and a period instead of the types of layers."""
    old_rope({"factor": 8.0, "rope_type": "linear"}, 1000000.0)(config)
    config["rope_local_base_freq"] = 10000.0
    config["sliding_window_pattern"] = 2
    config.pop("layer_types")
    config.pop("_sliding_window_pattern", None)


def old_phi3(config):
    old_rope({"type": "longrope", "short_factor": SHORT, "long_factor": LONG})(config)
    config["partial_rotary_factor"] = 0.75


def without(*keys):
    def edit(config):
        for key in keys:
            config.pop(key)

    return edit


def unchanged(config):
    pass


def qwen2_windowed(**how):
    return Qwen2Config(**SIZE, use_sliding_window=True, sliding_window=5, tie_word_embeddings=True, **how)


SHORT = [1.0, 1.1, 1.3]
LONG = [1.0, 2.5, 6.0]
GEMMA3 = dict(SIZE, head_dim=8, query_pre_attn_scalar=12, sliding_window=6, tie_word_embeddings=True)
LONGROPE = {
    "rope_type": "longrope", "rope_theta": 5000.0, "short_factor": SHORT + [1.7], "long_factor": LONG + [9.0],
    "factor": 4.0, "original_max_position_embeddings": 32}
SHORT_AND_LONG = [(1, 32), (7, 32), (7, 64), (26, 64)]

# name: (configuration, edit of config.json, bytes of a shard, prompts)
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
    "tiny-llama-dynamic": (
        LlamaConfig(**SIZE | dict(max_position_embeddings=32), rope_parameters={
            "rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}), unchanged, "1GB", SHORT_AND_LONG),
    "tiny-mistral-longrope": (
        MistralConfig(**SIZE, sliding_window=None, rope_parameters=LONGROPE), unchanged, "1GB", SHORT_AND_LONG),
    "tiny-qwen2-yarn-old": (
        Qwen2Config(**SIZE, tie_word_embeddings=True, rope_theta=5000.0, rope_scaling={
            "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}),
        old_rope({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}), "1GB"),
    "tiny-qwen3-yarn": (
        Qwen3Config(**SIZE, head_dim=16, tie_word_embeddings=True, rope_parameters={
            "rope_type": "yarn", "rope_theta": 100.0, "factor": 2.5, "original_max_position_embeddings": 24,
            "beta_fast": 3.0, "beta_slow": 0.5, "mscale": 1.2, "mscale_all_dim": 0.7, "truncate": False}),
        unchanged, "1GB"),
    "tiny-phi3-window": (
        Phi3Config(**SIZE, sliding_window=6, tie_word_embeddings=False, pad_token_id=None), unchanged, "1GB"),
    "tiny-phi3-longrope-old": (
        Phi3Config(**SIZE, original_max_position_embeddings=32, tie_word_embeddings=True, pad_token_id=None,
            partial_rotary_factor=0.75, rope_parameters={
                "rope_type": "longrope", "rope_theta": 5000.0, "short_factor": SHORT, "long_factor": LONG}),
        old_phi3, "1GB", SHORT_AND_LONG),
    "tiny-smollm3": (
        SmolLM3Config(**SIZE | dict(num_hidden_layers=3), no_rope_layer_interval=2, pad_token_id=None), unchanged,
        "1GB"),
    "tiny-smollm3-window": (
        SmolLM3Config(**SIZE, no_rope_layers=[0, 1], use_sliding_window=True, sliding_window=5, attention_bias=True,
            mlp_bias=True, tie_word_embeddings=False, pad_token_id=None), without("layer_types"), "1GB"),
    "tiny-gemma3-old": (
        Gemma3TextConfig(**GEMMA3, sliding_window_pattern=2, pad_token_id=None, rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}), old_gemma3, "1GB"),
    "tiny-gemma3": (
        Gemma3TextConfig(**GEMMA3 | dict(tie_word_embeddings=False), attention_bias=True, pad_token_id=None,
            layer_types=["full_attention", "sliding_attention"], rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": 5000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}), unchanged, "1GB"),
}
GRADIENTS = {"tiny-phi3-longrope-old", "tiny-gemma3", "tiny-gemma3-old", "tiny-smollm3"}


def model(config, seed):
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith("norm.weight"):
                # Gemma 3 stores the difference from 1.
                parameter.normal_(0.0 if config.model_type == "gemma3_text" else 1.0, 0.2)
            else:
                parameter.normal_(0.0, 0.25)
    return made


def limited(made, max_length):
    """The model with the frequencies of a sequence of max_length tokens, whatever the length of a sequence."""
    rotary = made.model.rotary_emb
    kind = made.config.rope_parameters.get("rope_type")
    if kind in ("dynamic", "longrope"):
        rotary.inv_freq, rotary.attention_scaling = ROPE_INIT_FUNCTIONS[kind](made.config, seq_len=max_length)
        rotary.original_inv_freq = rotary.inv_freq.clone()
        rotary.rope_type = "default"
    return made


@torch.no_grad()
def case(directory, ids, max_length):
    """The golden values of one prompt, and the least margin of its greedy choices."""
    made = limited(load(directory), max_length)
    whole = torch.arange(max_length)[None] % made.config.vocab_size
    if max_length < 256:  # A sequence as long as the limit, without the limit.
        torch.testing.assert_close(made(whole).logits, load(directory)(whole).logits)
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
        "max_length": max_length,
        "input_ids": ids,
        "last_logits_first16": [round(x, 5) for x in logits[-1, :16].tolist()],
        "prompt_logprobs": [None] + [round(logprobs[i - 1, ids[i]].item(), 6) for i in range(1, len(ids))],
        "greedy_token_ids": greedy,
        "greedy_logprobs": greedy_logprobs,
    }, margin


def gradients(directory, ids, max_length):
    made = limited(load(directory), max_length)
    logprobs = made(torch.tensor([ids])).logits[0].log_softmax(-1)
    (-sum(logprobs[i - 1, ids[i]] for i in range(1, len(ids))) / (len(ids) - 1)).backward()
    return {
        name: {"norm": round(p.grad.norm().item(), 6), "first": [round(x, 6) for x in p.grad.flatten()[:6].tolist()]}
        for name, p in made.named_parameters()}


def load(directory):
    # What is golden is what the written directory means to transformers, not what made it.
    return AutoModelForCausalLM.from_pretrained(directory, attn_implementation="eager", dtype=torch.float32).eval()


def write(directory, config, edit, shard, prompts=PROMPTS):
    for seed in range(1, 200):
        shutil.rmtree(directory, ignore_errors=True)
        model(config, seed).save_pretrained(directory, max_shard_size=shard)
        (directory / "generation_config.json").unlink(missing_ok=True)
        file = directory / "config.json"
        content = json.loads(file.read_text())
        edit(content)
        file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        texts = [(torch.randint(3, config.vocab_size, (n,)).tolist(), limit) for n, limit in prompts]
        cases, margins = zip(*(case(directory, *text) for text in texts))
        if min(margins) >= MARGIN:
            break
    else:
        sys.exit(f"{directory}: no seed with a margin of {MARGIN}")
    reference = f"transformers {transformers.__version__}, torch {torch.__version__}, float32 eager, seed {seed}"
    golden = {"reference": reference, "cases": cases}
    if directory.name in GRADIENTS:
        golden["gradients"] = gradients(directory, *texts[-1])
    (directory / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    size = sum(f.stat().st_size for f in directory.iterdir())
    print(f"{directory.name}: seed {seed}, margin {min(margins):.4f}, {size} bytes")


if __name__ == "__main__":
    for fixture in sys.argv[2:] or FIXTURES:
        write(Path(sys.argv[1]) / fixture, *FIXTURES[fixture])
