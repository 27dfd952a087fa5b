"""Publishes weights/step_N as docs/interop.md, "Weights by directory", describes: a reader sees all of a step or nothing.

A step is written into a hidden directory beside the final one, every file is forced to the disk, the manifest and STABLE come last, and
the directory is renamed. A lock keeps other programs from publishing into the same directory.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file

from crc32c import crc32c

WEIGHTS, MANIFEST, STABLE = "model.safetensors", "manifest.json", "STABLE"
DTYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


def steps(weights):
    """The published steps of a directory, ascending."""
    found = [re.fullmatch(r"step_(0|[1-9][0-9]*)", child.name) for child in Path(weights).glob("step_*")]
    return sorted(int(name[1]) for name in found if name and (Path(weights) / name[0] / STABLE).exists())


def publish(weights, step, tensors):
    """Publishes tensors by name, in their order, as the weights of a step. Returns the directory."""
    weights = Path(weights)
    target = weights / f"step_{step}"
    hidden = weights / f".step_{step}.{secrets.token_hex(8)}.tmp"
    with _lock(weights):
        if target.exists():
            raise FileExistsError(f"{target}: exists already, expected a run that has not trained step {step}")
        for leftover in weights.glob(".step_*.tmp"):
            shutil.rmtree(leftover)
        try:
            hidden.mkdir()
            _write(hidden, weights / "step_0", step, tensors)
            hidden.rename(target)
            _force(weights)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
    return target


def retain(run, newest):
    """Deletes all published steps but step 0, the newest ones, and those that a server may still have to load.

    The latter are the version that the update log says is served, and all after it. A deleted step vanishes at once; a process that has it
    open can still read it.
    """
    weights, log = run / "weights", run / "rollouts" / "updates.jsonl"
    events = [json.loads(line) for line in log.read_text().splitlines(True) if line.endswith("\n")] if log.exists() else []
    served = [event["version"] for event in events if event["event"] == "served"]
    for step in steps(weights)[:-newest]:
        if step != 0 and not (served and step >= served[-1]):
            hidden = weights / f".step_{step}.{secrets.token_hex(8)}.tmp"
            (weights / f"step_{step}").rename(hidden)
            shutil.rmtree(hidden)


@contextmanager
def _lock(weights):
    """The lock on the directory that every publisher takes."""
    with open(weights / ".publish.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise RuntimeError(f"{weights}: another process is publishing here, expected one at a time") from e
        yield


def _write(directory, base, step, tensors):
    """Writes the files of a step; those beside the weights are the base model's."""
    save_file(tensors, directory / WEIGHTS, metadata={"format": "pt"})
    for file in sorted(base.iterdir()):
        beside = file.suffix in (".json", ".jinja", ".txt", ".model") and file.is_file()
        if beside and file.name != MANIFEST and not file.name.endswith(".index.json"):
            shutil.copyfile(file, directory / file.name)
    manifest = {
        "step": step,
        "base_version": step - 1,
        "files": {file.name: file.stat().st_size for file in sorted(directory.iterdir())},
        "tensors": {
            name: {
                "dtype": DTYPES[tensor.dtype],
                "shape": list(tensor.shape),
                "crc32c": f"{crc32c(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()):08x}",
            }
            for name, tensor in tensors.items()
        },
    }
    (directory / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    for file in directory.iterdir():
        _force(file)
    (directory / STABLE).touch()
    _force(directory / STABLE)
    _force(directory)


def _force(path):
    """Forces a file, or the names in a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
