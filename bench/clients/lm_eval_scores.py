"""Scores of lm-eval: lm_eval_scores.py URL MODEL CHECKPOINT. They must be those of transformers on the checkpoint."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from calls import MODEL, URL, run

HERE = Path(__file__).parent
CHECKPOINT = sys.argv[3]


def scores(*options):
    with tempfile.TemporaryDirectory() as out:
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": out}
        done = subprocess.run(
            [
                sys.executable, "-m", "lm_eval", "run", "--tasks", "common_facts", "--include_path", ".", "--batch_size", "4",
                "--output_path", out + "/scores", *options],
            cwd=HERE, env=environment, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError((done.stderr or done.stdout)[-200:])
        result = json.loads(next(Path(out, "scores").rglob("*.json")).read_text())["results"]["common_facts"]
        return result["acc,none"], result["acc_norm,none"]


def served():
    return scores("--model", "local-completions", "--model_args", ",".join([
        f"model={MODEL}", f"base_url={URL}/v1/completions", f"tokenizer={CHECKPOINT}", "tokenizer_backend=huggingface",
        "num_concurrent=4", "max_length=512"]))


def same():
    ours, theirs = served(), scores("--model", "hf", "--model_args", f"pretrained={CHECKPOINT},dtype=auto", "--device", "cpu")
    print(f"scores: {ours} served, {theirs} of transformers", file=sys.stderr)
    return ours == theirs


run("lm-eval", {"local-completions, the scores of transformers": same})
