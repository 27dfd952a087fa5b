#!/usr/bin/env bash
# Trains with PyTorch beside Freshet's server and orchestrator: examples/torch/run.sh VENV [DIR [STEPS]]
# VENV is made on first use, with PyTorch, transformers and safetensors from PyPI, unless it has them. DIR (default: runs/torch) becomes the run's
# directory; STEPS (default: 50) steps are trained. RANKS (default: 2) processes train. Prints the held-out reward of the first and the last weights.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/freshet-server.sh"
freshet=${FRESHET:-$root/freshet}

venv=${1:?usage: examples/torch/run.sh VENV [DIR [STEPS]]}
dir=${2:-runs/torch}
steps=${3:-50}
[ -x "$venv/bin/torchrun" ] || python_venv "$venv" torch transformers safetensors numpy

trainer=
finish() {
  stop_freshet
  [ -z "$trainer" ] || kill "$trainer" 2> /dev/null || true
  wait
}
trap finish EXIT

"$freshet" sft --config "$here/torch.toml" --run.dir "$dir" --run.steps "$steps"
start_freshet "$dir/weights/step_0"
admin_url=$(await_url "$freshet_server" "$freshet_out" admin)
OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} "$venv/bin/torchrun" --nproc-per-node "${RANKS:-2}" "$here/trainer.py" "$dir" > "$dir/logs/torch.out" 2>&1 &
trainer=$!
"$freshet" orchestrate --config "$dir/config.toml" --orchestrator.http_port 0 \
  --orchestrator.servers "$freshet_url" --orchestrator.admin_servers "$admin_url"
wait "$trainer"
trainer=
