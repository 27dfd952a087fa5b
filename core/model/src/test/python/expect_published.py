"""Writes what transformers makes of the configurations of published models.

    python expect_published.py PUBLISHED_DIR

needs torch and transformers, and no network. PUBLISHED_DIR/models.json holds configurations by name; the script writes
expected.json beside it: {name: {"parameters": n, "layers": [{"window", "frequencies", "magnitude"}]}}. Frequencies are
the first, the second, the middle and the last one in a context of max_position_embeddings, none for a layer that does
not rotate; runs of equal layers are written once with their "count".
"""

import itertools
import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS


def frequencies(model, config, layer):
    if not getattr(config, "no_rope_layers", [1] * config.num_hidden_layers)[layer]:
        return None, None
    kind, parameters = None, config.rope_parameters
    if "full_attention" in parameters:
        kind = config.layer_types[layer]
        parameters = parameters[kind]
    if parameters["rope_type"] == "default":
        arguments = {"layer_type": kind} if kind else {}
        found, magnitude = type(model.model.rotary_emb).compute_default_rope_parameters(config, **arguments)
    else:
        found, magnitude = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](
            config, seq_len=config.max_position_embeddings, layer_type=kind)
    return [found[i].item() for i in (0, 1, len(found) // 2, -1)], magnitude


def window(config, layer):
    types = getattr(config, "layer_types", None)
    size = getattr(config, "sliding_window", None)
    return None if types and types[layer] == "full_attention" else size


def expected(content):
    config = AutoConfig.for_model(**content)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    layers = []
    for layer in range(config.num_hidden_layers):
        found, magnitude = frequencies(model, config, layer)
        layers.append({"window": window(config, layer), "frequencies": found, "magnitude": magnitude})
    runs = [(one, len(list(run))) for one, run in itertools.groupby(layers)]
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "layers": [{"count": count} | one for one, count in runs]}


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    models = json.loads((directory / "models.json").read_text())
    lines = [f"{json.dumps(name)}: {json.dumps(expected(content))}" for name, content in models.items()]
    (directory / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
