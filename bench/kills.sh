#!/usr/bin/env bash
# Whether a run that is killed equals one that is not: bench/kills.sh [--roles | --front] [KILLS] [STEPS] [ASYNC_LEVEL]
# Runs STEPS (20) steps of a small reverse-text once undisturbed, and once killed KILLS (50) times with SIGKILL, each time when the journal has
# grown by a random number of bytes, and resumed. At ASYNC_LEVEL 0 (the default) every figure of the metrics that is not a duration must be
# equal, and every batch and the last weights byte for byte; at any level no step may be trained on twice, no rollout may be in two batches,
# and of a rollout in a batch every token that the journal had at a kill must be in the batch.
# --roles: server, trainer and orchestrator are processes; each kill is of one of them, at random, which is started again with its command of
# docs/deployment.md. --front: also a front before the server, which the orchestrator sees as one vLLM server.
# A kill takes about as long as a start: some 3 s on an idle host.
set -euo pipefail
cd "$(dirname "$0")/.."

roles=()
case "${1:-}" in
  --roles) roles=(serve train orchestrate) && shift ;;
  --front) roles=(serve route train orchestrate) && shift ;;
esac
kills=${1:-50} steps=${2:-20} level=${3:-0}
freshet=${FRESHET:-./freshet}
runs=$(mktemp -d)
declare -A pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; [ -n "${KEEP:-}" ] || rm -rf "$runs"' EXIT

small=(
  --run.steps "$steps" --run.seed 3 --sft.steps 20 --sft.batch_size 64 --sft.threads 1
  --model.layers 2 --model.hidden_size 64 --model.intermediate_size 128
  --orchestrator.async_level "$level" --orchestrator.groups_per_batch 4 --orchestrator.group_size 8 --orchestrator.eval_problems 16
  --trainer.checkpoint_every 3 --trainer.keep_weights $((level + 3)) --trainer.threads 1
)

die() { # DIR ROLE: says why a role has ended
  echo "kills.sh: $2 of $1 ended with an error" >&2
  tail -n 5 "$1.$2.log" >&2
  exit 1
}

journal() { stat -c %s "$1/journal.jsonl" 2>/dev/null || echo 0; }

start() { # DIR ROLE [OPTION ...]
  local dir=$1 role=$2
  shift 2
  "$freshet" "$role" --run.dir "$dir" "$@" >>"$dir.$role.log" 2>&1 &
  pids[$role]=$!
}

alive() { [ -n "${pids[$1]:-}" ] && kill -0 "${pids[$1]}" 2>/dev/null; }

await() { # DIR ROLE
  wait "${pids[$2]}" || die "$1" "$2"
  unset "pids[$2]"
}

kill_role() { # ROLE: false if it has ended
  kill -9 "${pids[$1]}" 2>/dev/null || return 1
  wait "${pids[$1]}" 2>/dev/null || true
}

# --- the whole run in one process

begin() { # DIR [--resume]
  start "$1" run "${@:2}" "${small[@]}"
}

whole() { # DIR: to the end
  begin "$1"
  await "$1" run
}

killed() { # DIR: to the end, with kills
  local dir=$1 resume=() target
  for ((kill = 0; kill < kills; kill++)); do
    begin "$dir" "${resume[@]}"
    target=$(($(journal "$dir") + RANDOM * 32768 % growth))
    while alive run && [ "$(journal "$dir")" -le "$target" ]; do
      sleep 0.01
    done
    kill_role run || break
    keep_journal "$dir" "$kill"
    resume=(--resume)
  done
  begin "$dir" "${resume[@]}"
  await "$dir" run
}

# --- each role a process

ports() { # N: free ports
  python3 -c "
import socket
sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range($1)]
print(*(s.getsockname()[1] for s in sockets))"
}

base() { # The base model, from which both runs begin.
  local port admin front front_admin trainer orchestrator servers
  read -r port admin front front_admin trainer orchestrator <<<"$(ports 6)"
  servers=(--orchestrator.servers "http://127.0.0.1:$port" --orchestrator.admin_servers "http://127.0.0.1:$admin")
  [ "${roles[1]}" != route ] ||
    servers=(--orchestrator.servers "http://127.0.0.1:$front=vllm" --orchestrator.admin_servers "http://127.0.0.1:$front_admin")
  "$freshet" sft --run.dir "$runs/base" "${small[@]}" "${servers[@]}" \
    --inference.port "$port" --inference.admin_port "$admin" --inference.max_model_len 64 \
    --router.upstreams "http://127.0.0.1:$port=freshet@http://127.0.0.1:$admin" \
    --router.port "$front" --router.admin_port "$front_admin" \
    --trainer.http_port "$trainer" --orchestrator.http_port "$orchestrator" >"$runs/base.sft.log" 2>&1 || die "$runs/base" sft
}

start_role() { # DIR ROLE [--resume]
  local more=()
  case "$2" in
    serve) more=(--model "$1/weights/step_0") ;;
    route) more=(--router.journal "$1/updates.jsonl") ;;
    *) more=("${@:3}") ;;
  esac
  start "$1" "$2" --config "$1/config.toml" "${more[@]}"
}

end_roles() { # DIR: waits until the run has ended, ends the servers
  await "$1" orchestrate
  await "$1" train
  for role in serve route; do
    ! alive "$role" || kill_role "$role" || true
    unset "pids[$role]"
  done
}

whole_roles() {
  cp -r "$runs/base" "$1"
  for role in "${roles[@]}"; do
    start_role "$1" "$role"
  done
  end_roles "$1"
}

killed_roles() {
  local dir=$1 role target
  cp -r "$runs/base" "$dir"
  for role in "${roles[@]}"; do
    start_role "$dir" "$role"
  done
  for ((kill = 0; kill < kills; kill++)); do
    target=$(($(journal "$dir") + RANDOM * 32768 % growth))
    while alive orchestrate && [ "$(journal "$dir")" -le "$target" ]; do
      sleep 0.01
    done
    sleep "0.$((RANDOM % 10))" # The journal grows while the orchestrator is busy only.
    alive orchestrate || break
    role=${roles[RANDOM % ${#roles[@]}]}
    if alive "$role" && kill_role "$role"; then
      count[$role]=$((${count[$role]:-0} + 1))
      keep_journal "$dir" "$kill"
      start_role "$dir" "$role" --resume
    fi
  done
  end_roles "$dir"
}

keep_journal() { # DIR KILL: what the journal has at a kill
  cp "$1/journal.jsonl" "$1.journal.$2" 2>/dev/null || true
}

declare -A count=()
mode=""
[ ${#roles[@]} -eq 0 ] || mode=_roles
[ -z "$mode" ] || base
"whole$mode" "$runs/whole"
growth=$((2 * $(journal "$runs/whole") / (kills + 1) + 1))
"killed$mode" "$runs/killed"
of=""
for role in "${!count[@]}"; do of+=" $role ${count[$role]}"; done

python3 - "$runs/whole" "$runs/killed" "$kill" "$steps" "$level" "$of" <<'PYTHON'
import hashlib, json, pathlib, sys

whole, killed = map(pathlib.Path, sys.argv[1:3])
kills, steps, level = map(int, sys.argv[3:6])
MEASURED = {"time", "dur_ms", "wait_ms", "step_ms", "tokens_per_s", "peak_mb", "batch_wait_ms", "copy_ms", "write_ms",
            "role_time", "rollouts_in", "servers"}


def records(file):
    for text in file.read_text().splitlines():
        try:
            yield json.loads(text)
        except ValueError:
            pass  # Cut short by a kill.


def lines(run):
    found = {}
    for role, kinds in (("orchestrator", ("step", "eval")), ("trainer", ("sft", "train"))):
        for line in records(run / "metrics" / f"{role}.jsonl"):
            if line["kind"] in kinds:
                key = (line["kind"], line["step"])
                assert key not in found, f"{run}: two lines of {key}"
                found[key] = {name: value for name, value in line.items() if name not in MEASURED}
    return found


def generated(journal):
    """The tokens of the rollouts that a journal has, by id."""
    turns = {}
    for record in records(journal):
        if record["record"] in ("observed", "sampled"):
            of = turns.setdefault(f"g{record['group']}-{record['rollout']}", {})
            if record["record"] == "observed":
                for turn in [t for t in of if t >= record["turn"]]:
                    del of[turn]
            of.setdefault(record["turn"], []).extend(record["token_ids"])
    return {rollout: sum((of[turn] for turn in sorted(of)), []) for rollout, of in turns.items()}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


a, b = lines(whole), lines(killed)
assert a.keys() == b.keys(), f"lines of one run only: {a.keys() ^ b.keys()}"
differing = [key for key in a if a[key] != b[key]]
rollouts = [line for step in range(1, steps + 1) for line in records(killed / f"rollouts/step_{step}.jsonl")]
tokens = {line["id"]: line["token_ids"] for line in rollouts}
assert len(rollouts) == len(tokens), "a rollout is in two batches"
kept = 0
for journal in killed.parent.glob("killed.journal.*"):
    for rollout, sofar in generated(journal).items():
        if rollout in tokens:
            assert tokens[rollout][: len(sofar)] == sofar, f"{journal}: tokens of rollout {rollout} are lost"
            kept += 1
files = [f"rollouts/step_{step}.jsonl" for step in range(1, steps + 1)] + [f"weights/step_{steps}/model.safetensors"]
unequal = [file for file in files if digest(whole / file) != digest(killed / file)]
print(f"{kills} kills{sys.argv[6]}, async level {level}: {len(a)} lines of metrics, {len(differing)} differ; "
      f"{len(files)} batches and weights, {len(unequal)} differ; {len(rollouts)} rollouts, each in one batch; "
      f"{kept} rollouts of the journals at the kills, whose tokens are in the batches")
for key in differing[:3] if level == 0 else []:
    print(key, *({n: v for n, v in line[key].items() if a[key].get(n) != b[key].get(n)} for line in (a, b)), sep="\n  ")
sys.exit(1 if level == 0 and (differing or unequal) else 0)
PYTHON
