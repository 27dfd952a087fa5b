#!/usr/bin/env bash
# What clients of OpenAI's and Anthropic's APIs get from the inference server: bench/clients.sh VENV CHECKPOINT [URL]
# VENV is made on first use and holds the clients (7 GiB, of which most is torch), each Python client with its dependencies in a folder of its own;
# npm and node run one of them. Prints a row for each kind of call (client, kind, ok / refused by name / failed) and exits with 1 if one failed.
# URL is that of a server that runs already, such as a front or a vLLM server of the same checkpoint; by default one is started.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage="usage: bench/clients.sh VENV CHECKPOINT [URL]"
mkdir -p "${1:?$usage}"
venv=$(realpath "$1")
checkpoint=$(realpath "${2:?$usage}")
url=${3:-}

install() { # FOLDER PACKAGE...
  [ -e "$venv/$1/installed" ] && return
  python3 -m venv "$venv/$1"
  "$venv/$1/bin/pip" install -q "${@:2}"
  touch "$venv/$1/installed"
}
install openai openai==3.57.0
install anthropic anthropic==2.14.0
install langchain langchain-openai==1.7.4
install verifiers verifiers==0.4.0 uv==0.13.9
install lm-eval 'lm-eval[api]==0.4.13' transformers==5.19.0 torch==2.15.0 accelerate==1.15.0 peft==0.21.2
[ -d "$venv/node/node_modules/openai" ] || npm install --silent --no-fund --no-audit --prefix "$venv/node" openai@7.59.0

if [ -z "$url" ]; then
  log=$(mktemp)
  "${FRESHET:-$here/../freshet}" serve --model "$checkpoint" --port 0 --admin-port 0 --http.log_requests false --inference.max_model_len 2048 \
    --tool-call-parser hermes > "$log" 2>&1 &
  server=$!
  trap 'kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; rm -f "$log"' EXIT
  for _ in $(seq 120); do
    url=$(sed -n 's/^  completions //p' "$log")
    [ -z "$url" ] || break
    kill -0 "$server" 2> /dev/null || { cat "$log" >&2; exit 1; }
    sleep 1
  done
  [ -n "$url" ] || { echo "the server did not start within 120 s" >&2; exit 1; }
fi
model=$(curl -sf "$url/v1/models" | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][0]["id"])')

export PYTHONDONTWRITEBYTECODE=1
failed=0
calls() { "$venv/$1/bin/python" "$here/clients/$2.py" "$url" "$model" "${@:3}" || failed=1; } # FOLDER PROGRAM [ARGUMENT...]
calls openai openai_chats
calls openai openai_others
(cd "$venv/node" && node "$here/clients/openai_node.mjs" "$url" "$model") || failed=1
calls anthropic anthropic_calls
calls langchain langchain_calls
calls verifiers verifiers_calls "$checkpoint"
calls lm-eval lm_eval_scores "$checkpoint"
exit "$failed"
