#!/usr/bin/env bash
# What examples/smollm2.toml reaches: bench/learning.sh DIR [SEEDS] [VENV]
# Trains SmolLM2-135M-Instruct with the seeds 1 to SEEDS (3), one run at a time, on the embedded engine, and on two vLLM servers too if VENV is given
# (examples/smollm2/vllm.sh). Prints the held-out reward before and after, the time and the mismatch KL of each, and writes DIR/curves.svg. A run that
# DIR has already is not repeated.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/examples/smollm2/model.sh"

dir=$(mkdir -p "${1:?usage: bench/learning.sh DIR [SEEDS] [VENV]}" && cd "$1" && pwd)
seeds=${2:-3} venv=${3:-}
export MODEL=${MODEL:-$dir/smollm2/model}
[ -e "$MODEL/STABLE" ] || smollm2_model "$dir/smollm2"

for seed in $(seq "$seeds"); do
  run=$dir/embedded-$seed
  [ -e "$run.done" ] || {
    "${FRESHET:-$root/freshet}" run --config "$root/examples/smollm2.toml" --model.path "$MODEL" --run.dir "$run" --run.seed "$seed" > "$run.log" 2>&1
    touch "$run.done"
  }
  run=$dir/vllm-$seed
  [ -z "$venv" ] || [ -e "$run.done" ] || {
    "$root/examples/smollm2/vllm.sh" "$venv" "$run" --run.seed "$seed" > "$run.log" 2>&1
    touch "$run.done"
  }
done
runs=()
for seed in $(seq "$seeds"); do runs+=("embedded engine, seed $seed=$dir/embedded-$seed"); done
[ -z "$venv" ] || for seed in $(seq "$seeds"); do runs+=("two vLLM servers, seed $seed=$dir/vllm-$seed/run"); done
python3 "$root/bench/curves.py" "$dir/curves.svg" "${runs[@]}"
