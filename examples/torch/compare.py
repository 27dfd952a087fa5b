"""Compares the steps of two trainers that took the same batches: examples/torch/compare.py RUN OTHER

Prints the largest difference of each figure over all steps, |a - b| / max(1, |a|), and fails if one is above 1e-4 or if the published
weights are not the same tensors.
"""

import json
import sys
from pathlib import Path

from safetensors import safe_open

FIGURES = ("loss", "grad_norm", "lr", "entropy", "mismatch_kl", "tokens")
MOST = 1e-4


def steps(run):
    lines = (Path(run) / "metrics" / "trainer.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["step"]: line for line in map(json.loads, lines) if line["kind"] == "train"}


def apart(a, b):
    return abs(a - b) / max(1, abs(a))


def weights_apart(run, other, step):
    """The largest difference of two numbers in the weights of a step."""
    files = [Path(directory) / "weights" / f"step_{step}" / "model.safetensors" for directory in (run, other)]
    with safe_open(files[0], "pt") as a, safe_open(files[1], "pt") as b:
        if sorted(a.keys()) != sorted(b.keys()):
            raise SystemExit(f"{files[1]}: other tensors than {files[0]}: {sorted(set(a.keys()) ^ set(b.keys()))}")
        return max((a.get_tensor(name).float() - b.get_tensor(name).float()).abs().max().item() for name in a.keys())


def main(run, other):
    ours, theirs = steps(run), steps(other)
    if not ours or ours.keys() != theirs.keys():
        raise SystemExit(f"{run} has steps {list(ours)}, {other} has {list(theirs)}: expected the same")
    worst = {figure: max(apart(ours[step][figure], theirs[step][figure]) for step in ours) for figure in FIGURES}
    print(f"{len(ours)} steps, largest difference of a step:")
    for figure, difference in worst.items():
        print(f"  {figure:12} {difference:.1e}")
    print(f"  weights      {weights_apart(run, other, max(ours)):.1e}  after step {max(ours)}")
    if max(worst["loss"], worst["grad_norm"]) > MOST:
        raise SystemExit(f"loss or grad_norm differ by more than {MOST:g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
