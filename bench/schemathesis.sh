#!/usr/bin/env bash
# Asks the inference server what its own description at /openapi.json allows, and what it does not: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]
# VENV is made on first use and holds schemathesis. No answer may be an error of the server, or one that the description does not have. SECONDS
# (default: 300) bounds the run; the seed of the requests is printed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/freshet-server.sh"
venv=${1:?usage: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]}
checkpoint=${2:?usage: bench/schemathesis.sh VENV CHECKPOINT [SECONDS]}
seconds=${3:-300}
python_venv "$venv" schemathesis==4.32.5

trap stop_freshet EXIT
start_freshet "$checkpoint"

cd "$venv" # It keeps a cache in the working directory.
bin/st run "$freshet_url/openapi.json" --phases coverage,fuzzing --max-time "$seconds" --continue-on-failure --request-timeout 60 \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance
curl -sf "$freshet_url/health" > /dev/null
echo "the server is healthy"
