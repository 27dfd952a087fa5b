#!/usr/bin/env bash
# Two vLLM servers and a Freshet server behind one front, with an OpenAI client's streams: examples/vllm/fleet.sh VENV [DIR]
# VENV is made on first use and holds vLLM for the CPU (some 6 GB). DIR (default: runs/vllm) gets the model, two changed copies of it and all logs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/vllm-server.sh"
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
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  stop_vllm
}
trap finish EXIT

# started OUT WORD: waits for the line of the listener WORD in OUT and prints its URL.
started() {
  local url
  for _ in $(seq 600); do
    url=$(sed -n "s/^ *$2 *\(http[^ ]*\).*/\1/p" "$1")
    [ -z "$url" ] || { echo "$url"; return; }
    sleep 0.2
  done
  cat "$1" >&2
  exit 1
}

export VLLM_SERVER_DEV_MODE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1
servers=()
for _ in 1 2; do
  launch_vllm "$venv" "$dir/bf16" --max-model-len 256 --max-num-seqs 16 --dtype bfloat16 --enforce-eager --gpu-memory-utilization 0.3
  servers+=("$vllm_url")
  logs+=("$vllm_log")
done
for i in 0 1; do await_vllm "${servers[$i]}" "${vllm_servers[$i]}" "${logs[$i]}"; done
"$root/freshet" serve --model "$dir/bf16" --port 0 --admin-port 0 --inference.max_model_len 256 > "$dir/serve.out" 2>&1 &
pids+=($!)
data=$(started "$dir/serve.out" completions)
admin=$(started "$dir/serve.out" admin)
"$root/freshet" route --port 0 --admin-port 0 --router.journal "$dir/front.jsonl" --router.quorum 2 --router.update_timeout_s 60 --router.pause_timeout_s 10 \
  --upstream "${servers[0]}=vllm" --upstream "${servers[1]}=vllm" --upstream "$data=freshet@$admin" > "$dir/route.out" 2>&1 &
pids+=($!)
"$venv/bin/python" "$here/fleet.py" try "$(started "$dir/route.out" requests)" "$(started "$dir/route.out" admin)" \
  "${vllm_servers[1]}" "$dir/step_1" "$dir/step_2"
