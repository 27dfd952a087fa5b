#!/usr/bin/env bash
# Measures the processor time that completions cost the engine alone, with one thread and without HTTP:
#   bench/steps.sh MODEL [BATCH [PROMPT_TOKENS [TOKENS [ROUNDS [STEP_TOKENS]]]]]
set -euo pipefail
usage="usage: bench/steps.sh MODEL [BATCH [PROMPT_TOKENS [TOKENS [ROUNDS [STEP_TOKENS]]]]]"
model=$(realpath "${1:?$usage}")
cd "$(dirname "$0")/.."
. bench/java.sh

run_main serving/engine dev.freshet.engine.StepCost "$model" "${2:-150}" "${3:-32}" "${4:-64}" "${5:-5}" "${6:-256}"
