"""Plots the held-out reward of runs over time: bench/curves.py SVG NAME=RUN...

RUN is the directory of a run. Writes an SVG without scripts and prints a row a run: held-out reward before and after, the minutes from the end of the
first evaluation to the end of the last, and the mean KL divergence of engine and trainer.
"""

import json
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 380, 56, 46, 16, 200
COLOURS = ["#0b6e99", "#2a9d8f", "#6a4c93", "#d1495b", "#e07a1f", "#8a6d1c"]


def lines(file):
    with open(file, encoding="utf-8") as text:
        return [json.loads(line) for line in text]


def curve(run):
    evaluations = [line for line in lines(f"{run}/metrics/orchestrator.jsonl") if line["kind"] == "eval"]
    begin = evaluations[0]["time"]
    return [((line["time"] - begin) / 60, line["reward"]) for line in evaluations]


def mismatch(run):
    values = [line["mismatch_kl"] for line in lines(f"{run}/metrics/trainer.jsonl") if line["kind"] == "train"]
    return sum(values) / len(values)


def svg(curves):
    last = max(minutes for points in curves.values() for minutes, _ in points)
    end = next(limit for limit in [2, 4, 6, 10, 15, 20, 30, 60, 10**9] if limit >= last)

    def x(minutes):
        return LEFT + minutes / end * (WIDTH - LEFT - RIGHT)

    def y(reward):
        return HEIGHT - BOTTOM - reward * (HEIGHT - BOTTOM - TOP)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>')
    for tenth in range(0, 11, 2):
        reward = tenth / 10
        parts.append(f'<path d="M{LEFT} {y(reward):.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(reward) + 4:.1f}" text-anchor="end" fill="#444444">{reward:.1f}</text>')
    for tick in range(6):
        minutes = end * tick / 5
        parts.append(f'<text x="{x(minutes):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444444">{minutes:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#222222">minutes</text>')
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle" fill="#222222">held-out reward</text>')
    for i, (name, points) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x(minutes):.1f},{y(reward):.1f}" for minutes, reward in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for minutes, reward in points:
            parts.append(f'<circle cx="{x(minutes):.1f}" cy="{y(reward):.1f}" r="3" fill="{colour}"/>')
        row = TOP + 14 + 20 * i
        parts.append(f'<path d="M{WIDTH - RIGHT + 12} {row - 4}h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 36}" y="{row}" fill="#222222">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(file, *runs):
    named = dict(run.split("=", 1) for run in runs)
    curves = {name: curve(run) for name, run in named.items()}
    print("| run | held-out reward | minutes | mismatch KL |\n|---|---|---|---|")
    for name, points in curves.items():
        print(f"| {name} | {points[0][1]:.3f} → {points[-1][1]:.3f} | {points[-1][0]:.1f} | {mismatch(named[name]):.1e} |")
    with open(file, "w", encoding="utf-8") as out:
        out.write(svg(curves))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
