#!/usr/bin/env bash
# Trains SmolLM2-135M-Instruct on a real environment of verifiers, unmodified: examples/verifiers/run.sh VENV [DIR [STEPS [ENVIRONMENT]]]
# VENV is made on first use and holds verifiers and TextArena from PyPI. DIR (default: runs/verifiers) gets the model, the run and all logs. The run takes
# STEPS (default: 8) policy-gradient steps. ENVIRONMENT is what serve.py takes; the default is verifiers' taskset textarena with the game Hangman, whose
# words NLTK fetches unless the directory NLTK_DATA has them. MODEL names a checkpoint to use instead of SmolLM2, PORT the environment server's port.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/bench/freshet-server.sh"
. "$root/examples/smollm2/model.sh"

usage="usage: examples/verifiers/run.sh VENV [DIR [STEPS [ENVIRONMENT]]]"
mkdir -p "${1:?$usage}" "${2:-runs/verifiers}"
venv=$(realpath "$1")
dir=$(realpath "${2:-runs/verifiers}")
steps=${3:-8}
hangman='{"taskset": {"id": "textarena", "game": "Hangman-v0"}, "player": {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}, "max_turns": 3}}'
environment=${4:-$hangman}
address=tcp://127.0.0.1:${PORT:-5000}
python_venv "$venv" 'verifiers[ta]==0.4.0' uv==0.13.9
[ -n "${MODEL:-}" ] || { smollm2_model "$dir/smollm2"; MODEL=$dir/smollm2/model; }

PATH=$venv/bin:$PATH "$venv/bin/python" "$here/serve.py" "$environment" "$address" "$dir/tasks.jsonl" 200 > "$dir/serve.out" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true' EXIT
for _ in $(seq 240); do
  ! grep -q "serving at" "$dir/serve.out" || break
  kill -0 "$server" 2> /dev/null || { cat "$dir/serve.out" >&2; exit 1; }
  sleep 0.5
done

"${FRESHET:-$root/freshet}" run --run.dir "$dir/run" --run.steps "$steps" --model.path "$MODEL" --sft.steps 0 \
  --environment.name verifiers --environment.verifiers.address "$address" --environment.verifiers.tasks "$dir/tasks.jsonl" \
  --environment.verifiers.renderer "$MODEL" --environment.verifiers.deadline_s 60 \
  --inference.dtype bfloat16 --inference.max_model_len 1024 --inference.max_sequences 16 --inference.port 0 --inference.admin_port 0 \
  --orchestrator.group_size 4 --orchestrator.groups_per_batch 2 --orchestrator.max_inflight_groups 2 --orchestrator.max_tokens 12 \
  --orchestrator.eval_problems 2 --orchestrator.eval_every 0 --orchestrator.filter_zero_advantage false \
  --trainer.lr 3e-4 --trainer.warmup_steps 2 --trainer.pack_length 1024 --trainer.lora.rank 16 --trainer.lora.alpha 32 --trainer.lora.publish adapter
