#!/usr/bin/env bash
# Compares the trainer of this folder with Freshet's on the same batches: examples/torch/compare.sh VENV [DIR [STEPS]]
# Freshet's trainer takes STEPS (default: 12) steps in a run of its own, DIR/freshet; then two ranks of PyTorch take the same batches, in DIR/torch.
# DIR is runs/torch-compare by default. Ends with status 1 if the loss or the norm of the gradient of a step differs by more than 1e-4.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/freshet-server.sh"

venv=${1:?usage: examples/torch/compare.sh VENV [DIR [STEPS]]}
dir=${2:-runs/torch-compare}
steps=${3:-12}
[ -x "$venv/bin/torchrun" ] || python_venv "$venv" torch transformers safetensors numpy

"${FRESHET:-$root/freshet}" run --config "$here/torch.toml" --run.dir "$dir/freshet" --run.steps "$steps" --orchestrator.eval_problems 0
mkdir -p "$dir/torch/weights" "$dir/torch/metrics" "$dir/torch/logs"
cp "$dir/freshet/config.toml" "$dir/torch/"
cp -al "$dir/freshet/rollouts" "$dir/torch/" # Links: neither is ever changed.
cp -al "$dir/freshet/weights/step_0" "$dir/torch/weights/"
OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} "$venv/bin/torchrun" --nproc-per-node "${RANKS:-2}" "$here/trainer.py" "$dir/torch"
"$venv/bin/python" "$here/compare.py" "$dir/freshet" "$dir/torch"
