#!/usr/bin/env bash
# Asks the inference server what its own description at /openapi.json allows, and what it does not: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]
# VENV is made on first use and holds schemathesis. No answer may be an error of the server, or one that the description does not have. SECONDS
# (default: 300) bounds the run; the seed of the requests is printed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${1:?usage: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]}
checkpoint=${2:?usage: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]}
seconds=${3:-300}
[ -x "$venv/bin/st" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q schemathesis==4.32.5; }

log=$(mktemp)
"${FRESHET:-$here/../freshet}" serve --model "$checkpoint" --port 0 --admin-port 0 --http.log_requests false > "$log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 120); do
  url=$(sed -n 's/^  completions //p' "$log")
  [ -z "$url" ] || break
  kill -0 "$server" 2> /dev/null || { cat "$log" >&2; exit 1; }
  sleep 1
done
[ -n "$url" ] || { echo "the server did not start within 120 s" >&2; exit 1; }

"$venv/bin/st" run "$url/openapi.json" --phases coverage,fuzzing --max-time "$seconds" --continue-on-failure --request-timeout 60 \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance
curl -sf "$url/health" > /dev/null
echo "the server is healthy"
