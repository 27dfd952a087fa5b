"""Prints the updates of a fleet from a run's metrics: examples/vllm/updates.py FILE

A row a server, with * at the slowest phase of the update; then a row for the update, whose wall time is that of its slowest phases and `other`:
inspecting the checkpoint before any server is paused.
"""

import json
import sys

PHASES = ["prepare_ms", "pause_ms", "apply_ms", "ask_ms", "resume_ms"]
HEADS = ["other"] + [phase[:-3] for phase in PHASES] + ["wall"]


def line_of(step, server, outcome, cells):
    print(f"{step:>8}  {server:<24}{outcome:>12}" + "".join(f"{cell:>10}" for cell in cells))


def main(file):
    rows = []
    line_of("update", "server", "outcome", HEADS)
    for line in map(json.loads, open(file, encoding="utf-8")):
        if line["kind"] == "update":
            rows.append(line)
        elif line["kind"] == "fleet_update":
            for row in rows:
                slowest = row["server"] == line.get("slowest") and line.get("slowest_phase")
                cells = [f"{row['calls'].get(phase, 0):.1f}" + "*" * (phase[:-3] == slowest) for phase in PHASES]
                line_of(row["step"], row["server"], row["status"], ["", *cells])
            applied = max((row["calls"].get("apply_ms", 0) + row["calls"].get("ask_ms", 0) for row in rows), default=0)
            others = sum(max((row["calls"].get(phase, 0) for row in rows), default=0) for phase in ["prepare_ms", "pause_ms", "resume_ms"])
            other = f"{max(0, line['wall_ms'] - applied - others):.1f}"
            line_of(line["step"], "all", line["outcome"], [other, *[""] * len(PHASES), f"{line['wall_ms']:.1f}"])
            rows = []


if __name__ == "__main__":
    main(*sys.argv[1:])
