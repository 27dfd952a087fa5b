#!/usr/bin/env bash
# Serves SmolLM2-135M-Instruct and asks it one question: examples/smollm2/run.sh [DIR [COMMAND]...]
# Fetches and imports the model into DIR (default: runs/smollm2) on first use: 95 MB to download, 740 MB on the disk. A COMMAND is run instead
# of the question while the server runs; it finds the server's address in FRESHET_URL.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=${1:-runs/smollm2}
. "$root/examples/smollm2/model.sh"
smollm2_model "$dir"

"$root/freshet" serve --model "$dir/model" --port 0 --admin-port 0 --inference.max_model_len 512 > "$dir/serve.out" &
server=$!
finish() {
  kill "$server" 2> /dev/null || true
  wait "$server" 2> /dev/null || true
}
trap finish EXIT
for _ in $(seq 600); do
  FRESHET_URL=$(sed -n 's/^ *completions *//p' "$dir/serve.out")
  [ -z "$FRESHET_URL" ] || break
  kill -0 "$server" # Ends the script if the server has ended; it has said why.
  sleep 0.2
done
[ -n "$FRESHET_URL" ] || { echo "run.sh: no address in $dir/serve.out within two minutes" >&2; exit 1; }
export FRESHET_URL

if [ $# -gt 1 ]; then
  shift
  "$@"
else
  echo "The capital of France is …"
  curl -s "$FRESHET_URL/v1/completions" -d '{"prompt": "The capital of France is", "max_tokens": 1, "temperature": 0}'
  echo
fi
