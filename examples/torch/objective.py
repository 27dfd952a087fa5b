"""The objective of `freshet train` with its default algorithm, dppo, and the measurements of a step. Formulas: docs/algorithms.md."""

import torch
import torch.nn.functional as F

from batches import Rollout

# An empty micro-batch is a pass over two tokens without a target.
_EMPTY = Rollout([0, 0], [False, False], [0.0, 0.0], 0.0, 1.0)

# What `measured` sums over the targets.
SUMS = ("loss", "tokens", "entropy", "mismatch_kl", "cut", "cut_high", "ratio", "ratio_squared")


def tensors(rollouts, device):
    """A padded micro-batch. All but token_ids, [rows, length], are [rows, length - 1]: what is known of the token after each."""
    rollouts = rollouts or [_EMPTY]
    length = max(len(rollout.token_ids) for rollout in rollouts)

    def padded(values, fill, dtype):
        rows = [row + [fill] * (length - len(row)) for row in values]
        return torch.tensor(rows, dtype=dtype, device=device)

    return {
        "token_ids": padded([r.token_ids for r in rollouts], 0, torch.long),
        "targets": padded([r.generated for r in rollouts], False, torch.bool)[:, 1:],
        "behaviour": padded([r.logprobs for r in rollouts], 0.0, torch.float32)[:, 1:],
        "advantages": torch.tensor([[r.advantage] for r in rollouts], dtype=torch.float32, device=device),
        "temperatures": torch.tensor([[[r.temperature]] for r in rollouts], dtype=torch.float32, device=device),
    }


def dppo(model, batch, batch_tokens, threshold, kl_weight):
    """The contribution of a micro-batch to the loss of its batch, and its sums by name, as 64-bit floats.

    Padding is to the right, so it needs no mask: no target attends to it.
    """
    logits = model(input_ids=batch["token_ids"], use_cache=False).logits[:, :-1].float()
    distribution = F.log_softmax(logits / batch["temperatures"], dim=-1)
    policy = distribution.gather(-1, batch["token_ids"][:, 1:, None]).squeeze(-1)
    behaviour, targets = batch["behaviour"], batch["targets"]
    advantages = batch["advantages"].expand_as(policy)
    log_ratio = policy - behaviour

    moved = policy.detach().exp() - behaviour.exp()
    masked = torch.where(advantages > 0, moved > threshold, moved < -threshold)
    # Masked before exp as well: where the ratio overflows, 0 times its gradient would be NaN.
    pull = advantages * log_ratio.masked_fill(masked | ~targets, 0.0).exp()
    losses = kl_weight * log_ratio.square() - pull.masked_fill(masked, 0.0)
    loss = losses.masked_fill(~targets, 0.0).sum() / batch_tokens

    with torch.no_grad():
        entropy = -(distribution.exp() * distribution).sum(-1)
        ratio = log_ratio.exp()
        measured = {
            "tokens": torch.ones_like(policy),
            "entropy": entropy,
            "mismatch_kl": ratio - log_ratio - 1,
            "cut": masked,
            "cut_high": masked & (log_ratio > 0),
            "ratio": ratio,
            "ratio_squared": ratio.square(),
        }
        sums = {name: values[targets].double().sum() for name, values in measured.items()}
    return loss, {"loss": loss.detach().double(), **sums}
