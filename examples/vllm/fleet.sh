#!/usr/bin/env bash
# Two vLLM servers and a Freshet server behind one front, with an OpenAI client's streams: examples/vllm/fleet.sh VENV [DIR]
# VENV is made on first use and holds vLLM for the CPU (some 6 GB). DIR (default: runs/vllm) gets the model, two changed copies of it and all logs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/vllm-server.sh"
. "$root/bench/freshet-server.sh"
. "$root/examples/smollm2/model.sh"

venv=${1:?usage: examples/vllm/fleet.sh VENV [DIR]}
dir=$(mkdir -p "${2:-runs/vllm}" && cd "${2:-runs/vllm}" && pwd)
install_vllm "$venv"
smollm2_model "$dir/smollm2"
[ -e "$dir/bf16/STABLE" ] || "$root/freshet" import "$dir/smollm2/model" --to "$dir/bf16" --dtype bfloat16
for i in 1 2; do
  [ ! -e "$dir/step_$i/STABLE" ] || continue
  "$venv/bin/python" "$here/fleet.py" changed "$dir/bf16" "$dir/changed_$i" "$i"
  "$root/freshet" import "$dir/changed_$i" --to "$dir/step_$i" --dtype bfloat16 # With the manifest that a Freshet server asks for.
done

vllm_dir=$dir
pids=()
trap 'end_processes "${pids[@]}"; stop_vllm' EXIT

start_two_vllm "$venv" "$dir/bf16" --max-model-len 256 --dtype bfloat16
"$root/freshet" serve --model "$dir/bf16" --port 0 --admin-port 0 --inference.max_model_len 256 > "$dir/serve.out" 2>&1 &
pids+=($!)
data=$(await_url "${pids[0]}" "$dir/serve.out" completions)
admin=$(await_url "${pids[0]}" "$dir/serve.out" admin)
"$root/freshet" route --port 0 --admin-port 0 --router.journal "$dir/front.jsonl" --router.quorum 2 --router.update_timeout_s 60 --router.pause_timeout_s 10 \
  --upstream "${vllm_urls[0]}=vllm" --upstream "${vllm_urls[1]}=vllm" --upstream "$data=freshet@$admin" > "$dir/route.out" 2>&1 &
pids+=($!)
requests=$(await_url "${pids[1]}" "$dir/route.out" requests)
operations=$(await_url "${pids[1]}" "$dir/route.out" admin)
"$venv/bin/python" "$here/fleet.py" try "$requests" "$operations" "${vllm_servers[1]}" "$dir/step_1" "$dir/step_2"
