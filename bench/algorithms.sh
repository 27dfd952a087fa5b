#!/usr/bin/env bash
# What each algorithm reaches in a fixed budget on a small reverse-text: bench/algorithms.sh [SEEDS] [STEPS] [ALGORITHM ...]
# Prints, for every algorithm with its default constants, the held-out reward before and after STEPS (50) steps with the
# seeds 1 to SEEDS (3), and the mean KL divergence of engine and trainer. One run at a time, on the embedded engine.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${1:-3} steps=${2:-50}
shift $(($# < 2 ? $# : 2))
algorithms=("$@")
[ $# -gt 0 ] || algorithms=(dppo ipo grpo dr_grpo dapo gspo cispo tis rloo reinforce_pp reinforce_pp_baseline)
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

budget=(
  --run.steps "$steps" --sft.steps 60 --sft.batch_size 64 --sft.threads 1
  --model.layers 2 --model.hidden_size 64 --model.intermediate_size 128
  --environment.alphabet abcdef --environment.min_length 2 --environment.max_length 3
  --orchestrator.max_tokens 6 --orchestrator.groups_per_batch 8 --orchestrator.group_size 8 --orchestrator.eval_problems 256
  --trainer.lr 1e-3 --trainer.warmup_steps 5 --trainer.pack_length 32 --trainer.threads 1 --trainer.dr_grpo.token_budget 6
)

figure() { # FILE OBJECT KEY
  sed -n 's/.*"'"$2"'" *: *{[^}]*"'"$3"'" *: *\([-0-9.eE]*\).*/\1/p' <(tr -d '\n' <"$1")
}

printf '| algorithm | held-out reward, by seed: before → after | mismatch KL, mean |\n|---|---|---|\n'
for algorithm in "${algorithms[@]}"; do
  rewards="" kl=""
  for seed in $(seq "$seeds"); do
    dir=$runs/$algorithm-$seed
    if ! "${FRESHET:-./freshet}" run --run.dir "$dir" --run.seed "$seed" --trainer.algorithm "$algorithm" "${budget[@]}" >"$dir.log" 2>&1; then
      tail -n 3 "$dir.log" >&2
      exit 1
    fi
    summary=$dir/report/summary.json
    rewards+=$(printf '%.3f → %.3f, ' "$(figure "$summary" reward start)" "$(figure "$summary" reward end)")
    kl+=$(printf '%.1e, ' "$(figure "$summary" mismatch_kl mean)")
  done
  printf '| `%s` | %s | %s |\n' "$algorithm" "${rewards%, }" "${kl%, }"
done
