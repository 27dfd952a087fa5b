#!/usr/bin/env bash
# Trains SmolLM2-135M-Instruct on two vLLM servers: examples/smollm2/vllm.sh VENV [DIR [--key value...]]
# VENV is made on first use and holds vLLM for the CPU (some 6 GB). DIR (default: runs/smollm2-vllm) gets the run and all logs; the model is
# fetched into runs/smollm2 on first use. Each update is an adapter of a new name: no server pauses. Overrides of examples/smollm2.toml may follow.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/bench/vllm-server.sh"
. "$root/examples/smollm2/model.sh"

venv=${1:?usage: examples/smollm2/vllm.sh VENV [DIR [--key value...]]}
dir=$(mkdir -p "${2:-runs/smollm2-vllm}" && cd "${2:-runs/smollm2-vllm}" && pwd)
shift $(($# < 2 ? $# : 2))
model=${MODEL:-$root/runs/smollm2/model}
[ -n "${MODEL:-}" ] || smollm2_model "$root/runs/smollm2"
install_vllm "$venv"

vllm_dir=$dir
pids=()
trap 'end_processes "${pids[@]}"; stop_vllm' EXIT
export VLLM_ALLOW_RUNTIME_LORA_UPDATING=1
start_two_vllm "$venv" "$model" --max-model-len 128 --dtype bfloat16 --enable-lora --max-loras 2 --max-lora-rank 16

mkdir -p "$dir/run/weights"
[ -e "$dir/run/weights/step_0" ] || cp -al "$model" "$dir/run/weights/step_0" # Links: a checkpoint is never changed.
settings=(--config "$root/examples/smollm2.toml" --model.path "$model" --run.dir "$dir/run" "$@")
"$root/freshet" train "${settings[@]}" --trainer.http_port 0 > "$dir/train.out" 2>&1 &
pids+=($!)
"$root/freshet" orchestrate "${settings[@]}" --orchestrator.http_port 0 \
  --orchestrator.servers "${vllm_urls[0]}=vllm-lora,${vllm_urls[1]}=vllm-lora" --orchestrator.admin_servers ,
wait "${pids[-1]}"
unset 'pids[-1]'
python3 "$root/examples/vllm/updates.py" "$dir/run/metrics/orchestrator.jsonl"
