#!/usr/bin/env bash
# Compares the speed of freshet serve with that of vLLM on the CPU, on the same checkpoint, cores and client, in turns:
#   bench/vllm-engine.sh VENV CHECKPOINT [OPTION of freshet bench engine]...
# Creates the virtual environment VENV on first use. --dtype (default here: bfloat16), --threads (default: all cores) and the lengths of prompts
# and completions hold for both servers.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/vllm-server.sh

usage="usage: bench/vllm-engine.sh VENV CHECKPOINT [OPTION]..."
venv=${1:?$usage}
checkpoint=$(realpath "${2:?$usage}")
shift 2

# option NAME DEFAULT ARGUMENT...: prints the value of an option, given as --NAME VALUE or --NAME=VALUE
option() {
  local name=$1 value=$2
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      "--$name") value=${2:-} ;;
      "--$name="*) value=${1#*=} ;;
    esac
    shift
  done
  echo "$value"
}

[ -n "$(option dtype "" "$@")" ] || set -- --dtype bfloat16 "$@"
[ -n "$(option threads "" "$@")" ] || set -- --threads "$(nproc)" "$@"
dtype=$(option dtype "" "$@")
threads=$(option threads "" "$@")
length=$(($(option prompt-tokens 32 "$@") + $(option tokens 64 "$@")))
install_vllm "$venv"

vllm_dir=$(mktemp -d)
trap 'stop_vllm; rm -rf "$vllm_dir"' EXIT

cores=0-$((threads - 1))
taskset -pc "$cores" $$ > /dev/null # Both servers and the client inherit it.
# What vLLM's manual advises for best speed on the CPU: a thread bound to every core, OpenMP of Intel (a dependency of vLLM) and, where it is
# installed, tcmalloc. The model is compiled (no --enforce-eager) and prefixes are cached, as by default.
tcmalloc=$(ldconfig -p | awk '/libtcmalloc_minimal\.so/ { print $NF; exit }')
vllm_preload=${tcmalloc:+$tcmalloc:}$(realpath "$venv/lib/libiomp5.so")
export VLLM_CPU_OMP_THREADS_BIND=$cores VLLM_CPU_KVCACHE_SPACE="${VLLM_CPU_KVCACHE_SPACE:-2}"
start_vllm "$venv" "$checkpoint" --max-model-len "$length" --max-num-seqs 256 --dtype "$dtype"

./freshet bench engine --model "$checkpoint" --beside "$vllm_url" --beside-process "$vllm_server" "$@"
