"""Writes ../resources/dev/freshet/rollouts/primerl/rank_R.bin: the batch of MicroBatchWriterTest, encoded with msgspec as prime-rl does.

    python make_prime_rl_batch.py

Needs msgspec. The fields are those of prime-rl's MicroBatch (src/prime_rl/transports/rollouts/types.py), in their order, without
the optional ones; the packing is written down by hand: two ranks, at most 8 tokens a micro-batch, a multiple of 4.
"""

from pathlib import Path

import msgspec

RESOURCES = Path(__file__).parent.parent / "resources/dev/freshet/rollouts/primerl"


class MicroBatch(msgspec.Struct, array_like=True):
    input_ids: list[int]
    loss_mask: list[bool]
    advantages: list[float]
    inference_logprobs: list[float]
    position_ids: list[int]
    sequence_lengths: list[int]
    temperatures: list[float]
    env_names: list[str]
    seq_lens: list[int]


class Read(MicroBatch):
    """What prime-rl reads: a shorter array has the defaults of the fields at its end."""

    ref_logprobs: list[float] | None = None
    routed_experts: list | None = None
    mm_kwargs: dict | None = None
    mm_token_type_ids: list[int] | None = None
    rl_weights: list[float] | None = None
    ce_weights: list[float] | None = None
    ref_kl_weights: list[float] | None = None


# The rollouts: token ids, which are generated, advantage, logprobs, temperature, environment.
LONG = ([1, 200, 70000, 3, 2], [False, False, False, True, True], -1.5, [0.0, 0.0, 0.0, -0.5, -0.25], 0.5, "wordle")
MIDDLE = ([1, 9, 128, 255], [False, False, True, True], 0.75, [0.0, 0.0, -2.0, -0.125], 1.0, "reverse-text")
SHORT = ([1, 5, 6], [False, False, True], 0.5, [0.0, 0.0, -0.0625], 1.0, "reverse-text")


def micro_batch(rollouts, padding, trained=True):
    columns = MicroBatch([], [], [], [], [], [], [], [], [])
    for ids, mask, advantage, logprobs, temperature, name in rollouts:
        columns.input_ids += ids
        columns.loss_mask += [trained and m for m in mask]
        columns.advantages += [advantage if trained and m else 0.0 for m in mask]
        columns.inference_logprobs += logprobs
        columns.position_ids += range(len(ids))
        columns.sequence_lengths.append(len(ids))
        columns.temperatures += [temperature] * len(ids)
        columns.env_names += [name] * len(ids)
    columns.input_ids += [1] * padding
    columns.loss_mask += [False] * padding
    columns.advantages += [0.0] * padding
    columns.inference_logprobs += [0.0] * padding
    columns.position_ids += range(padding)
    columns.sequence_lengths[-1] += padding
    columns.temperatures += [1.0] * padding
    columns.env_names += [""] * padding
    columns.seq_lens = list(columns.sequence_lengths)
    return columns


RANKS = [
    [micro_batch([LONG, SHORT], 0)],
    [micro_batch([MIDDLE], 0)],
]
# One rollout for two ranks: the second computes it without training on it.
ALONE = [[micro_batch([LONG], 3)], [micro_batch([LONG], 3, trained=False)]]

if __name__ == "__main__":
    for name, ranks in [("rank", RANKS), ("alone", ALONE)]:
        for rank, batches in enumerate(ranks):
            encoded = msgspec.msgpack.Encoder().encode(batches)
            read = msgspec.msgpack.Decoder(type=list[Read]).decode(encoded)
            assert [(b.input_ids, b.seq_lens, b.ref_kl_weights) for b in read] == [(b.input_ids, b.seq_lens, None) for b in batches]
            (RESOURCES / f"{name}_{rank}.bin").write_bytes(encoded)
