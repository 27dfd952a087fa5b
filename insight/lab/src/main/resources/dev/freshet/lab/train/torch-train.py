#!/usr/bin/env python3
"""Trains a checkpoint with plain PyTorch, the yardstick of `freshet bench train --torch PYTHON`.

Takes one step for every line on standard input and answers each with a line of JSON: {"loss", "step_ms", "cpu_ms", "peak_mb"}. The first
line of output, {"torch": version}, comes once the model is loaded. The batch is that of the benchmark: token ids in a file, a row a
sequence; every token but the first of a row is a target. Loss, AdamW and clipping are those of freshet's trainer; weights, gradients and
the loss are in 32-bit floats, and with bfloat16 linear layers and attention are in bfloat16 by autocast.

Needs torch and safetensors. By hand: yes | head -n 3 | bench/torch-train.py --model DIR --batch tokens.json
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.size(-1),), self.weight, self.eps)


class Attention(nn.Module):
    def __init__(self, c, head_dim):
        super().__init__()
        self.head_dim = head_dim
        hidden, bias = c["hidden_size"], c.get("attention_bias", c["model_type"] == "qwen2")
        heads, kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.q_proj = nn.Linear(hidden, heads * head_dim, bias)
        self.k_proj = nn.Linear(hidden, kv_heads * head_dim, bias)
        self.v_proj = nn.Linear(hidden, kv_heads * head_dim, bias)
        self.o_proj = nn.Linear(heads * head_dim, hidden, c.get("attention_bias", False))

    def forward(self, x, cos, sin):
        def heads(y):
            return y.view(*y.shape[:2], -1, self.head_dim).transpose(1, 2)

        def rotate(y):
            a, b = y.chunk(2, -1)
            return y * cos + torch.cat((-b, a), -1) * sin

        q, k, v = rotate(heads(self.q_proj(x))), rotate(heads(self.k_proj(x))), heads(self.v_proj(x))
        y = F.scaled_dot_product_attention(q, k, v.to(q.dtype), is_causal=True, enable_gqa=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden, inner = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, False)
        self.up_proj = nn.Linear(hidden, inner, False)
        self.down_proj = nn.Linear(inner, hidden, False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c, head_dim):
        super().__init__()
        eps = c["rms_norm_eps"]
        self.input_layernorm = Norm(c["hidden_size"], eps)
        self.self_attn = Attention(c, head_dim)
        self.post_attention_layernorm = Norm(c["hidden_size"], eps)
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        head_dim = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Layer(c, head_dim) for _ in range(c["num_hidden_layers"]))
        self.norm = Norm(c["hidden_size"], c["rms_norm_eps"])
        theta = c.get("rope_parameters", c).get("rope_theta", 10000.0)
        self.frequencies = theta ** (-torch.arange(0, head_dim, 2).float() / head_dim)

    def forward(self, tokens):
        angles = torch.outer(torch.arange(tokens.size(1)).float(), self.frequencies).repeat(1, 2)
        x, cos, sin = self.embed_tokens(tokens), angles.cos(), angles.sin()
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class Policy(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.model = Decoder(c)
        self.lm_head = nn.Linear(c["hidden_size"], c["vocab_size"], False)
        if c.get("tie_word_embeddings", False):
            self.lm_head.weight = self.model.embed_tokens.weight

    def forward(self, tokens):
        logits = self.lm_head(self.model(tokens)[:, :-1])
        return F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())


def load(directory):
    config = json.loads((directory / "config.json").read_text())
    if config["model_type"] not in ("llama", "qwen2"):
        raise SystemExit(f"{directory}: model_type {config['model_type']}: expected llama or qwen2")
    policy = Policy(config)
    tensors = {}
    for file in sorted(directory.glob("*.safetensors")):
        tensors.update(load_file(file))
    missing, unexpected = policy.load_state_dict(tensors, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise SystemExit(f"{directory}: tensors missing {missing}, not expected {unexpected}")
    return policy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--batch", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--lr", type=float, default=1e-5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    policy = load(options.model)
    tokens = torch.tensor(json.loads(options.batch.read_text()))
    optimizer = torch.optim.AdamW(policy.parameters(), lr=options.lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0, fused=True)
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for _ in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bfloat16"):
            loss = policy(tokens)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        value = loss.item()
        step_ms = (time.perf_counter() - start) * 1e3
        cpu_ms = (time.process_time() - cpu_start) * 1e3
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"loss": value, "step_ms": step_ms, "cpu_ms": cpu_ms, "peak_mb": peak_mb}), flush=True)


if __name__ == "__main__":
    main()
