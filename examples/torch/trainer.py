"""A trainer on PyTorch, transformers and FSDP2 for a run of Freshet, in place of `freshet train`:

    torchrun --nproc-per-node 2 examples/torch/trainer.py RUN [--config FILE] [--steps N] [--dtype float32|bfloat16]

Reads RUN/rollouts/step_N.jsonl, takes a step on each and publishes RUN/weights/step_N. The settings are those of the sections [run] and
[trainer] of FILE (default: RUN/config.toml, which `freshet sft` writes). The objective is Freshet's default; a run that asks for another
one is refused. Ranks share the parameters (fully_shard): over NCCL if there are GPUs, otherwise over Gloo.
"""

import argparse
import datetime
import json
import math
import os
import time
import tomllib
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from transformers import AutoModelForCausalLM
from transformers.utils import logging

import checkpoints
from batches import BatchError, await_batch, micro_batches, read_batch
from objective import SUMS, dppo, tensors

# Of a collective: a rank may have to wait until another has written a checkpoint.
DEADLINE = datetime.timedelta(minutes=30)


def settings(file):
    """The sections run and trainer of a resolved configuration.

    Ends the process if they ask for something that this trainer does not do.
    """
    with open(file, "rb") as toml:
        config = tomllib.load(toml)
    trainer = config["trainer"]
    for key, value, only in [
        ("trainer.algorithm", trainer["algorithm"], "dppo"),
        ("trainer.kl_coefficient", trainer["kl_coefficient"], 0),
        ("trainer.lora.rank", trainer["lora"]["rank"], 0),
    ]:
        if value != only:
            raise SystemExit(f"{file}: {key} = {value!r}: this trainer has {only!r} only; use `freshet train`")
    return config["run"], trainer


def sharded(base, trainer, device):
    """The model of a checkpoint with 32-bit weights, a shard a rank, of each layer and of the rest."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="sdpa").train()
    if trainer["recompute_activations"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    precision = trainer["precision"]
    if precision == "bfloat16" or (precision == "auto" and device == "cuda"):
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    else:
        policy = MixedPrecisionPolicy()
    mesh = init_device_mesh(device, (dist.get_world_size(),))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    return fully_shard(model, mesh=mesh, mp_policy=policy)


class Trainer:
    """A sharded model and its AdamW."""

    def __init__(self, model, trainer, device):
        self.model, self.trainer, self.device = model, trainer, device
        betas = (trainer["beta1"], trainer["beta2"])
        self.optimizer = torch.optim.AdamW(
            model.parameters(), trainer["lr"], betas, trainer["eps"], trainer["weight_decay"]
        )

    def step(self, number, rollouts):
        """Takes a step on a batch and returns its figures."""
        tokens = sum(sum(rollout.generated) for rollout in rollouts)
        sums = torch.zeros(len(SUMS), dtype=torch.float64, device=self.device)
        ranks = dist.get_world_size()
        for rollouts_of_pass in micro_batches(rollouts, self.trainer["micro_tokens"] // ranks, ranks)[dist.get_rank()]:
            batch = tensors(rollouts_of_pass, self.device)
            loss, measured = dppo(self.model, batch, tokens, **self.trainer["dppo"])
            # FSDP takes the mean of the ranks' gradients; the loss of the batch is their sum.
            (loss * ranks).backward()
            sums += torch.stack([measured[name] for name in SUMS])
        dist.all_reduce(sums)
        total = dict(zip(SUMS, sums.tolist()))
        norm = self._clipped()
        if not (math.isfinite(total["loss"]) and math.isfinite(norm)):
            raise SystemExit(f"step {number}: loss {total['loss']}, gradient norm {norm}: expected finite numbers")
        lr = self._warmed_up(number)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {
            "step": number,
            "loss": total["loss"],
            "entropy": total["entropy"] / tokens,
            "mismatch_kl": total["mismatch_kl"] / tokens,
            "cut_share": total["cut"] / tokens,
            "cut_high_share": total["cut_high"] / tokens,
            "effective_sample_share": total["ratio"] ** 2 / (tokens * total["ratio_squared"]),
            "grad_norm": norm,
            "lr": lr,
            "tokens": tokens,
        }

    def _clipped(self):
        """Scales the gradient down to trainer.max_grad_norm. Returns its norm before that."""
        gradients = [p.grad.to_local() for p in self.model.parameters() if p.grad is not None]
        # In 64-bit floats: on CPUs a 32-bit norm of millions of numbers is off by some 0.1 %.
        norms = [torch.linalg.vector_norm(gradient, dtype=torch.float64) for gradient in gradients]
        squares = torch.stack(norms).square().sum()
        dist.all_reduce(squares)
        norm = math.sqrt(squares.item())
        divisor = max(1.0, norm / self.trainer["max_grad_norm"])
        for gradient in gradients:
            gradient.div_(divisor)
        return norm

    def _warmed_up(self, number):
        warmup = self.trainer["warmup_steps"]
        lr = self.trainer["lr"] * (min(1, number / warmup) if warmup else 1)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def weights(self, dtype):
        """The whole tensors by name on rank 0; nothing on the others, which take part in gathering them."""
        tied = set(self.model.all_tied_weights_keys)
        whole = {}
        for name, parameter in self.model.named_parameters():
            tensor = parameter.detach().full_tensor().to("cpu", dtype)
            if dist.get_rank() == 0 and name not in tied:
                whole[name] = tensor
        return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--config", type=Path, help="default: RUN/config.toml")
    parser.add_argument("--steps", type=int, help="default: run.steps")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of the published weights")
    args = parser.parse_args()
    run, trainer = settings(args.config or args.run / "config.toml")
    weights = args.run / "weights"
    if checkpoints.steps(weights) != [0]:
        raise SystemExit(f"{weights}: has steps {checkpoints.steps(weights)}, expected step 0 alone: this trainer does not resume")

    logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=DEADLINE)
    model = sharded(weights / "step_0", trainer, device)
    vocab = model.config.vocab_size
    stepper = Trainer(model, trainer, device)
    for step in range(1, (args.steps or run["steps"]) + 1):
        begin = time.monotonic()
        try:
            path = await_batch(args.run, step, trainer["batch_deadline_s"])
            rollouts, left_out = read_batch(path, step, vocab, trainer["pack_length"], trainer["max_unusable"])
        except BatchError as e:
            raise SystemExit(str(e)) from e
        trained = time.monotonic()
        figures = stepper.step(step, rollouts)
        figures["step_ms"] = 1e3 * (time.monotonic() - trained)
        figures["tokens_per_s"] = 1e3 * figures["tokens"] / figures["step_ms"]
        figures["batch_wait_ms"] = 1e3 * (trained - begin)
        figures["unusable"] = len(left_out)
        whole = stepper.weights(getattr(torch, args.dtype))
        if dist.get_rank() == 0:
            published(args.run, step, whole, trainer["keep_weights"], figures, left_out)
    dist.destroy_process_group()


def published(run, step, tensors_by_name, keep, figures, left_out):
    """Publishes a step, and reports it in the run's metrics and log."""
    begin = time.monotonic()
    checkpoints.publish(run / "weights", step, tensors_by_name)
    figures["write_ms"] = 1e3 * (time.monotonic() - begin)
    checkpoints.retain(run, keep)
    with open(run / "metrics" / "trainer.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps({"role": "trainer", "kind": "train", "time": time.time(), **figures}) + "\n")
    now = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
    with open(run / "logs" / "trainer.log", "a", encoding="utf-8") as file:
        for why in left_out:
            file.write(f"{now} WARN  trainer step {step}: left out: {json.dumps(why)}\n")
        file.write(f"{now} INFO  trainer [ckpt] write.done step={step} write_ms={figures['write_ms']:.1f}\n")
    print(f"step {step}  loss {figures['loss']:.4f}  KL {figures['mismatch_kl']:.1e}  grad {figures['grad_norm']:.2f}", flush=True)


if __name__ == "__main__":
    main()
