#!/usr/bin/env bash
# Trains on two vLLM servers: examples/vllm/run.sh VENV [DIR [STEPS]]
# VENV is made on first use and holds vLLM for the CPU (some 6 GB). DIR (default: runs/vllm) gets the model, the runs and all logs. Each part
# takes STEPS (default: 8) policy-gradient steps: first the orchestrator asks the servers directly, then through `freshet route`. A part that DIR
# has already is not repeated.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/vllm-server.sh"
. "$root/bench/freshet-server.sh"

venv=${1:?usage: examples/vllm/run.sh VENV [DIR [STEPS]]}
dir=$(mkdir -p "${2:-runs/vllm}" && cd "${2:-runs/vllm}" && pwd)
steps=${3:-8}
install_vllm "$venv"

# The model: SmolLM2-135M-Instruct, and a short warm-up on the digits reversed, so that there is reward to raise.
. "$root/examples/smollm2/model.sh"
smollm2_model "$dir/smollm2"
[ -e "$dir/digits/tokenizer.json" ] || python3 "$here/digits.py" "$dir/smollm2/model" "$dir/digits"
settings=(--config "$here/digits.toml" --model.path "$dir/digits" --run.steps "$steps")
[ -e "$dir/base/weights/step_0/STABLE" ] || "$root/freshet" sft "${settings[@]}" --run.dir "$dir/base"
base=$dir/base/weights/step_0

vllm_dir=$dir
pids=()
trap 'end_processes "${pids[@]}"; stop_vllm' EXIT
start_two_vllm "$venv" "$base" --max-model-len 64 --dtype float32

# train RUN SERVERS ADMIN_SERVERS: a run of orchestrator and trainer.
train() {
  local run=$1
  [ ! -e "$run" ] || return 0
  mkdir -p "$run/weights"
  cp -al "$base" "$run/weights/" # Links: a checkpoint is never changed.
  "$root/freshet" train "${settings[@]}" --run.dir "$run" --trainer.http_port 0 > "$run/train.out" 2>&1 &
  pids+=($!)
  "$root/freshet" orchestrate "${settings[@]}" --run.dir "$run" --orchestrator.http_port 0 \
    --orchestrator.servers "$2" --orchestrator.admin_servers "$3"
  wait "${pids[-1]}"
  unset 'pids[-1]'
  echo
  echo "every update of every server, ms:"
  python3 "$here/updates.py" "$run/metrics/orchestrator.jsonl"
  echo
  "$root/freshet" analyze "$run/logs" | head -1
}

echo "== directly"
train "$dir/direct" "${vllm_urls[0]}=vllm,${vllm_urls[1]}=vllm" "${vllm_urls[0]},${vllm_urls[1]}"

echo "== through freshet route"
"$root/freshet" route --port 0 --admin-port 0 --upstream "${vllm_urls[0]}=vllm" --upstream "${vllm_urls[1]}=vllm" > "$dir/route.out" 2>&1 &
pids+=($!)
front=$(await_url "${pids[-1]}" "$dir/route.out" requests)
front_admin=$(await_url "${pids[-1]}" "$dir/route.out" admin)
# To the orchestrator the front is one vLLM server: it pauses, loads and resumes the fleet.
train "$dir/routed" "$front=vllm" "$front_admin"
