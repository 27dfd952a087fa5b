"""The batches of a run directory, rollouts/step_N.jsonl: reads, checks and screens them as `freshet train` does, without the update log.

The format is in docs/interop.md, "Batches by directory".
"""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

LOWEST_LOGPROB, HIGHEST_LOGPROB = -30.0, 1e-4
MOST_ADVANTAGE = 1e4


class BatchError(Exception):
    """A file is not a batch, or has too few rollouts that can be trained on."""


@dataclass
class Rollout:
    """Token i was sampled with logprobs[i] if generated[i], at this temperature."""

    token_ids: list[int]
    generated: list[bool]
    logprobs: list[float]
    advantage: float
    temperature: float


def await_batch(run, step, deadline_s):
    """The path of the batch of a step, once it is there: it is renamed when it is whole."""
    path = Path(run) / "rollouts" / f"step_{step}.jsonl"
    end = time.monotonic() + deadline_s
    while not path.exists():
        if time.monotonic() > end:
            raise BatchError(f"{path}: did not appear within {deadline_s:g} s (trainer.batch_deadline_s)")
        time.sleep(0.05)
    return path


def read_batch(path, step, vocab_size, pack_length, max_unusable):
    """The usable rollouts of a batch, and why each of the others is left out."""
    usable, left_out = [], []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        where = f"{path}: line {number + 1}"
        try:
            fields = json.loads(line)
            position = [fields[key] for key in ("step", "index", "of")]
            if position != [step, number, len(lines)]:
                raise BatchError(f"{where}: step, index, of are {position}, expected {[step, number, len(lines)]}")
            _require_versions(fields, step, where)
            why = _fault(fields, vocab_size, pack_length)
        except (KeyError, TypeError, ValueError) as e:
            raise BatchError(f"{where}: not a rollout: {type(e).__name__} {e}") from e
        if why:
            left_out.append(f"rollout {fields['id']}: {why}")
        else:
            usable.append(
                Rollout(
                    fields["token_ids"],
                    fields["generated"],
                    fields["logprobs"],
                    fields["advantage"],
                    fields.get("temperature", 1.0),
                )
            )
    if not usable or len(left_out) > max_unusable * len(lines):
        raise BatchError(
            f"{path}: {len(left_out)} of {len(lines)} rollouts cannot be trained on,"
            f" expected at most trainer.max_unusable {max_unusable}: {left_out[:1]}"
        )
    return usable, left_out


def _require_versions(fields, step, where):
    """Versions do not fall from one token to the next, and are between the version of the dispatch and the policy being trained."""
    least = fields["dispatch_version"]
    for token, (version, generated) in enumerate(zip(fields["policy_versions"], fields["generated"])):
        if generated:
            if not least <= version <= step - 1:
                raise BatchError(f"{where}: token {token} has policy version {version}, expected {least} to {step - 1}")
            least = version


def _fault(fields, vocab_size, pack_length):
    """Why a rollout cannot be trained on, or None."""
    tokens, generated, logprobs = fields["token_ids"], fields["generated"], fields["logprobs"]
    if not len(tokens) == len(generated) == len(logprobs) == len(fields["policy_versions"]):
        return "lists of different lengths"
    if not any(generated) or generated[0]:
        return "no generated token, or nothing before it"
    if len(tokens) > pack_length:
        return f"{len(tokens)} tokens, expected at most trainer.pack_length {pack_length}"
    if not math.isfinite(fields["reward"]) or not abs(fields["advantage"]) <= MOST_ADVANTAGE:
        return f"reward {fields['reward']} and advantage {fields['advantage']}, expected finite ones, the latter within ±{MOST_ADVANTAGE:g}"
    if not (fields.get("temperature", 1.0) > 0 and math.isfinite(fields.get("temperature", 1.0))):
        return f"temperature {fields['temperature']}, expected a finite one above 0"
    if fields.get("top_p", 1.0) != 1 or fields.get("top_k", 0) != 0 or fields.get("min_p", 0.0) != 0:
        return "sampled from a truncated distribution, expected top_p 1, top_k 0 and min_p 0"
    if not all(0 <= token < vocab_size for token in tokens):
        return f"a token id outside the vocabulary of {vocab_size}"
    if not all(LOWEST_LOGPROB <= logprob <= HIGHEST_LOGPROB for logprob in logprobs):
        return f"a logprob that is not within {LOWEST_LOGPROB:g} to 0"
    return None


def micro_batches(rollouts, most_tokens, ranks):
    """Divides rollouts among ranks and cuts each share into micro-batches of at most so many tokens, padding included.

    Every rank gets the same number of micro-batches, because all must take part in every pass; some may be empty.
    """
    longest_first = sorted(rollouts, key=lambda rollout: -len(rollout.token_ids))
    shares = [_cut(longest_first[rank::ranks], most_tokens) for rank in range(ranks)]
    most = max(len(share) for share in shares)
    return [share + [[]] * (most - len(share)) for share in shares]


def _cut(rollouts, most_tokens):
    batches = []
    for rollout in rollouts:
        if not batches or len(batches[-1][0].token_ids) * (len(batches[-1]) + 1) > most_tokens:
            batches.append([])
        batches[-1].append(rollout)
    return batches
