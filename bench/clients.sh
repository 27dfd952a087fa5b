#!/usr/bin/env bash
# What clients of OpenAI's and Anthropic's APIs get from the inference server: bench/clients.sh VENV CHECKPOINT [URL]
# VENV is made on first use and holds the clients (7 GiB, of which most is torch), each Python client with its dependencies in a folder of its own;
# npm and node run one of them. Prints a row for each kind of call (client, kind, ok / refused by name / failed) and exits with 1 if one failed.
# URL is that of a server that runs already, such as a front or a vLLM server of the same checkpoint; by default one is started.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/freshet-server.sh"
usage="usage: bench/clients.sh VENV CHECKPOINT [URL]"
mkdir -p "${1:?$usage}"
venv=$(realpath "$1")
checkpoint=$(realpath "${2:?$usage}")
url=${3:-}

python_venv "$venv/openai" openai==3.57.0
python_venv "$venv/anthropic" anthropic==2.14.0
python_venv "$venv/langchain" langchain-openai==1.7.4
python_venv "$venv/verifiers" verifiers==0.4.0 uv==0.13.9
python_venv "$venv/lm-eval" 'lm-eval[api]==0.4.13' transformers==5.19.0 torch==2.15.0 accelerate==1.15.0 peft==0.21.2
[ -d "$venv/node/node_modules/openai" ] || npm install --silent --no-fund --no-audit --prefix "$venv/node" openai@7.59.0

if [ -z "$url" ]; then
  trap stop_freshet EXIT
  start_freshet "$checkpoint" --inference.max_model_len 2048 --tool-call-parser hermes
  url=$freshet_url
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
