#!/usr/bin/env bash
# What each algorithm reaches on examples/arithmetic.toml: bench/algorithms.sh DIR [SEEDS] [STEPS] [ALGORITHM ...]
# For each of the seeds 1 to SEEDS (3) there is one supervised warm-up, from which every algorithm starts. Prints, for every algorithm with
# its default constants, the held-out reward before and after STEPS (40) steps, and the mean KL divergence of engine and trainer. One run
# at a time, on the embedded engine. A run that DIR has already is not repeated.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

dir=$(mkdir -p "${1:?usage: bench/algorithms.sh DIR [SEEDS] [STEPS] [ALGORITHM ...]}" && cd "$1" && pwd)
seeds=${2:-3} steps=${3:-40}
shift $(($# < 3 ? $# : 3))
algorithms=("$@")
[ $# -gt 0 ] || algorithms=(dppo ipo grpo dr_grpo dapo gspo cispo tis rloo reinforce_pp reinforce_pp_baseline)

once() { # COMMAND DIR OPTION... runs it unless it has run
  [ ! -e "$2.done" ] || return 0
  rm -rf "$2"
  if ! "${FRESHET:-$root/freshet}" "$1" --run.dir "$2" --config "$root/examples/arithmetic.toml" "${@:3}" >"$2.log" 2>&1; then
    tail -n 3 "$2.log" >&2
    exit 1
  fi
  touch "$2.done"
}

figure() { # FILE OBJECT KEY
  sed -n 's/.*"'"$2"'" *: *{[^}]*"'"$3"'" *: *\([-0-9.eE]*\).*/\1/p' <(tr -d '\n' <"$1")
}

for seed in $(seq "$seeds"); do
  once sft "$dir/warm-up-$seed" --run.seed "$seed"
done
printf '| algorithm | held-out reward, by seed: before → after | mismatch KL, mean |\n|---|---|---|\n'
for algorithm in "${algorithms[@]}"; do
  rewards="" kl=""
  for seed in $(seq "$seeds"); do
    run=$dir/$algorithm-$seed
    once run "$run" --run.seed "$seed" --run.steps "$steps" --model.path "$dir/warm-up-$seed/weights/step_0" --sft.steps 0 \
      --trainer.algorithm "$algorithm" --trainer.dr_grpo.token_budget 4
    summary=$run/report/summary.json
    rewards+=$(printf '%.3f → %.3f, ' "$(figure "$summary" reward start)" "$(figure "$summary" reward end)")
    kl+=$(printf '%.1e, ' "$(figure "$summary" mismatch_kl mean)")
  done
  printf '| `%s` | %s | %s |\n' "$algorithm" "${rewards%, }" "${kl%, }"
done
