#!/usr/bin/env bash
# Compares the imported SmolLM2 with transformers: examples/smollm2/check.sh PYTHON [DIR]
# PYTHON has torch, transformers 5, gguf and accelerate. Takes a minute on two cores.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
python=${1:?usage: examples/smollm2/check.sh PYTHON [DIR]}
dir=${2:-runs/smollm2}
exec "$here/run.sh" "$dir" "$python" "$here/check.py" "$dir"
