#!/usr/bin/env bash
# Runs freshet bench against vLLM on the CPU: bench/vllm.sh VENV [OPTION of freshet bench]...
# Creates the virtual environment VENV on first use. Without options, measures the table in docs/benchmarks.md. vLLM serves the base model of
# `freshet sft`, with at most 128 tokens of prompt and completion together.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/vllm-server.sh

venv=${1:?usage: bench/vllm.sh VENV [OPTION]...}
shift
install_vllm "$venv"

vllm_dir=$(mktemp -d)
trap 'stop_vllm; rm -rf "$vllm_dir"' EXIT

./freshet sft --run.dir "$vllm_dir/run" > "$vllm_dir/sft.txt"
base=$vllm_dir/run/weights/step_0
cp -r "$base" "$vllm_dir/other"
export VLLM_SERVER_DEV_MODE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1
start_vllm "$venv" "$base" --max-model-len 128 --max-num-seqs 64 --dtype float32 --enforce-eager --gpu-memory-utilization 0.3

[ $# -gt 0 ] || set -- --streams 32 --tokens 100 --updates 20 --update-every 1500
./freshet bench --server "$vllm_url" --backend vllm --weights "$vllm_dir/other,$base" "$@"
