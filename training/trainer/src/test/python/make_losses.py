"""Writes ../resources/losses.json: every algorithm over one batch, by NumPy in 64-bit floats.

    python make_losses.py > ../resources/losses.json

The losses are written from the formulas of the papers (docs/algorithms.md), over whole rollouts and
with loops, unlike the trainer's. Gradients are central differences of the loss by each logprob;
quantities that pass no gradient (sg in the formulas) are held at the point of the difference.
"with_kl" has the same with the divergence from a reference policy, weighted by KL, in the loss of every token.
"""

import json

import numpy as np

RNG = np.random.default_rng(11)
LENGTHS = [3, 1, 6, 4]
ADVANTAGES = [1.0, -1.0, 0.5, -2.0]
STEP = 1e-6
KL = 0.3


def batch():
    rollouts = []
    for length, advantage in zip(LENGTHS, ADVANTAGES):
        behaviour = np.log(RNG.uniform(0.05, 0.95, length))
        drift = RNG.normal(0, 0.5, length)
        policy = np.minimum(behaviour + drift, -1e-3)
        rollouts.append((policy, behaviour, advantage))
    # Close to the behaviour as a whole, so that GSPO's narrow bounds clip some rollouts only.
    rollouts.append((np.array([-1.0, -0.5]), np.array([-1.0001, -0.5002]), 1.5))
    rollouts.append((np.array([-2.0, -0.25]), np.array([-1.9996, -0.2497]), -0.75))
    return rollouts


def surrogate(ratio, advantage, low, high):
    return -min(ratio * advantage, np.clip(ratio, 1 - low, 1 + high) * advantage)


def token_surrogate(low, high):
    return lambda p, b, a, at: [surrogate(np.exp(x - y), a, low, high) for x, y in zip(p, b)]


def gspo(p, b, a, at):
    sequence = np.exp(np.mean(p - b))  # the paper's sequence objective, no stop-gradient needed
    return [surrogate(sequence, a, 3e-4, 4e-4)] * len(p)


def dppo(p, b, a, at):
    losses = []
    for x, y, now in zip(p, b, at):
        moved = np.exp(now) - np.exp(y)
        masked = moved > 0.2 if a > 0 else moved < -0.2
        losses.append((0 if masked else -np.exp(x - y) * a) + 1e-3 * (x - y) ** 2)
    return losses


def ipo(p, b, a, at):
    return [
        (0 if abs(np.exp(now) - np.exp(y)) > 0.1 else -np.exp(x - y) * a) + 1e-3 * (x - y) ** 2
        for x, y, now in zip(p, b, at)
    ]


def weighted(cap):
    return lambda p, b, a, at: [-min(np.exp(now - y), cap) * a * x for x, y, now in zip(p, b, at)]


def sequence_weighted(p, b, a, at):
    weight = min(np.exp(np.sum(at - b)), 2.0)
    return [-weight * a * x for x in p]


def reinforce(p, b, a, at):
    return [-a * x for x in p]


def over_tokens(losses):
    return sum(map(sum, losses)) / sum(map(len, losses))


def over_rollouts(losses):
    return np.mean([np.mean(rollout) for rollout in losses])


def sums_over_rollouts(divisor):
    return lambda losses: np.mean([sum(rollout) / divisor for rollout in losses])


ALGORITHMS = {
    "dppo": (dppo, over_tokens),
    "ipo": (ipo, over_tokens),
    "grpo": (token_surrogate(0.2, 0.2), over_rollouts),
    "dr_grpo": (token_surrogate(0.2, 0.2), sums_over_rollouts(10)),
    "dapo": (token_surrogate(0.2, 0.28), over_tokens),
    "gspo": (gspo, over_rollouts),
    "cispo": (weighted(5.0), over_tokens),
    "tis": (weighted(2.0), over_tokens),
    "tis_sequence": (sequence_weighted, over_tokens),
    "rloo": (reinforce, sums_over_rollouts(1)),
    "reinforce_pp": (token_surrogate(0.2, 0.2), over_tokens),
    "reinforce_pp_baseline": (token_surrogate(0.2, 0.2), over_tokens),
}


def main():
    rollouts = batch()
    lengths = [len(p) for p, _, _ in rollouts]
    flat = np.concatenate([p for p, _, _ in rollouts])
    bounds = np.cumsum([0] + lengths)
    reference = np.minimum(flat + RNG.normal(0, 0.4, len(flat)), -1e-3)

    def loss(name, values, kl):
        tokens, mean = ALGORITHMS[name]
        k3 = np.exp(reference - values) - (reference - values) - 1
        return mean(
            [
                [one + kl * d for one, d in zip(tokens(values[i:j], b, a, at), k3[i:j])]
                for (at, b, a), i, j in zip(rollouts, bounds, bounds[1:])
            ]
        )

    def golden_of(name, kl):
        gradient = []
        for i in range(len(flat)):
            up, down = flat.copy(), flat.copy()
            up[i] += STEP
            down[i] -= STEP
            gradient.append((loss(name, up, kl) - loss(name, down, kl)) / (2 * STEP))
        return {"loss": loss(name, flat, kl), "gradient": gradient}

    golden = {
        "lengths": lengths,
        "policy": flat.tolist(),
        "behaviour": np.concatenate([b for _, b, _ in rollouts]).tolist(),
        "advantages": [a for _, _, a in rollouts],
        "algorithms": {},
    }
    golden["reference"] = reference.tolist()
    golden["kl_coefficient"] = KL
    for name in ALGORITHMS:
        golden["algorithms"][name] = golden_of(name, 0) | {"with_kl": golden_of(name, KL)}
    print(json.dumps(golden, indent=1))


main()
