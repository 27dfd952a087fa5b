#!/usr/bin/env bash
# Whether a run that is killed equals one that is not: bench/kills.sh [KILLS] [STEPS] [ASYNC_LEVEL]
# Runs STEPS (20) steps of a small reverse-text once undisturbed, and once killed KILLS (50) times with SIGKILL, each time when the journal has
# grown by a random number of bytes, and resumed. At ASYNC_LEVEL 0 (the default) every figure of the metrics that is not a duration must be
# equal, and every batch and the last weights byte for byte; at any level no step may be trained on twice. A kill takes about as long as a
# start: some 3 s on an idle host.
set -euo pipefail
cd "$(dirname "$0")/.."

kills=${1:-50} steps=${2:-20} level=${3:-0}
runs=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$runs"' EXIT

small=(
  --run.steps "$steps" --run.seed 3 --sft.steps 20 --sft.batch_size 64 --sft.threads 1
  --model.layers 2 --model.hidden_size 64 --model.intermediate_size 128
  --orchestrator.async_level "$level" --orchestrator.groups_per_batch 4 --orchestrator.group_size 8 --orchestrator.eval_problems 16
  --trainer.checkpoint_every 3 --trainer.keep_weights $((level + 3)) --trainer.threads 1
)

size() { stat -c %s "$1/journal.jsonl" 2>/dev/null || echo 0; }

begin() { # DIR [OPTION ...]: starts the run
  local dir=$1
  shift
  "${FRESHET:-./freshet}" run --run.dir "$dir" "$@" "${small[@]}" >"$dir.log" 2>&1 &
  pid=$!
}

await() { # DIR
  if ! wait "$pid"; then
    tail -n 5 "$1.log" >&2
    exit 1
  fi
  pid=""
}

begin "$runs/whole"
await "$runs/whole"
growth=$((2 * $(size "$runs/whole") / (kills + 1) + 1))

resume=()
for ((kill = 0; kill < kills; kill++)); do
  begin "$runs/killed" "${resume[@]}"
  target=$(($(size "$runs/killed") + RANDOM * 32768 % growth))
  while kill -0 "$pid" 2>/dev/null && [ "$(size "$runs/killed")" -le "$target" ]; do
    sleep 0.01
  done
  kill -9 "$pid" 2>/dev/null || break # It has ended.
  wait "$pid" 2>/dev/null || true
  resume=(--resume)
done
begin "$runs/killed" "${resume[@]}"
await "$runs/killed"

python3 - "$runs/whole" "$runs/killed" "$kill" "$steps" "$level" <<'PYTHON'
import hashlib, json, pathlib, sys

whole, killed = map(pathlib.Path, sys.argv[1:3])
kills, steps, level = map(int, sys.argv[3:])
MEASURED = {"time", "dur_ms", "wait_ms", "step_ms", "tokens_per_s", "peak_mb", "batch_wait_ms", "copy_ms", "write_ms",
            "role_time", "rollouts_in", "servers"}


def lines(run):
    found = {}
    for role, kinds in (("orchestrator", ("step", "eval")), ("trainer", ("sft", "train"))):
        for text in (run / "metrics" / f"{role}.jsonl").read_text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue  # Cut short by a kill.
            if line["kind"] in kinds:
                key = (line["kind"], line["step"])
                assert key not in found, f"{run}: two lines of {key}"
                found[key] = {name: value for name, value in line.items() if name not in MEASURED}
    return found


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


a, b = lines(whole), lines(killed)
assert a.keys() == b.keys(), f"lines of one run only: {a.keys() ^ b.keys()}"
differing = [key for key in a if a[key] != b[key]]
ids = [json.loads(line)["id"] for step in range(1, steps + 1)
       for line in (killed / f"rollouts/step_{step}.jsonl").read_text().splitlines()]
assert len(ids) == len(set(ids)), "a rollout is in two batches"
files = [f"rollouts/step_{step}.jsonl" for step in range(1, steps + 1)] + [f"weights/step_{steps}/model.safetensors"]
unequal = [file for file in files if digest(whole / file) != digest(killed / file)]
print(f"{kills} kills, async level {level}: {len(a)} lines of metrics, {len(differing)} differ; "
      f"{len(files)} batches and weights, {len(unequal)} differ; {len(ids)} rollouts, each in one batch")
sys.exit(1 if level == 0 and (differing or unequal) else 0)
PYTHON
