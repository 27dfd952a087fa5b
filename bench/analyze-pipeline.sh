#!/usr/bin/env bash
# The statistics of a run's log by grep, sed, sort and awk, as one would by hand: analyze-pipeline.sh FILE [once]
# A pass over the log for every metric; with "once" the tagged lines are taken out first, in one pass.
set -euo pipefail
export LC_ALL=C

log=${1:?usage: analyze-pipeline.sh FILE [once]}
if [ "${2:-}" = once ]; then
  tagged=$(mktemp)
  trap 'rm -f "$tagged"' EXIT
  grep -E '\[weights\]\[[0-9a-f]{16}\] |\[ckpt\] |\[gen\] |\[rollout\] ' "$log" > "$tagged" || true
  log=$tagged
fi

# NAME EVENT KEY GOOD CRITICAL
stats() {
  { grep -E "$2.* $3=" "$log" || true; } | sed -E "s/.* $3=([0-9.]+).*/\1/" | sort -n | awk -v name="$1" -v good="$4" -v critical="$5" '
    { v[NR] = $1; sum += $1; squares += $1 * $1; if ($1 < good) g++; else if ($1 > critical) c++ }
    function at(p,  r, i) { r = p / 100 * (NR - 1) + 1; i = int(r); return i >= NR ? v[NR] : v[i] + (r - i) * (v[i + 1] - v[i]) }
    END {
      if (NR == 0) exit
      mean = sum / NR; d = squares / NR - mean * mean
      printf "%s count %d mean %.4f stddev %.4f min %.1f p50 %.4f p90 %.4f p95 %.4f p99 %.4f max %.1f good %.4f warning %.4f critical %.4f\n",
        name, NR, mean, sqrt(d > 0 ? d : 0), v[1], at(50), at(90), at(95), at(99), v[NR], g / NR, (NR - g - c) / NR, c / NR
    }'
}

stats queue_ms '\] client\.done' queue_ms 100 1000
stats rpc_ms '\] client\.done' rpc_ms 2000 5000
stats wall_ms '\] client\.done' wall_ms 3000 1e18
stats write_ms '\[ckpt\] write\.done' write_ms 1000 5000
stats wait_ms '\[ckpt\] wait\.done' wait_ms 500 2000
stats dur_ms '\[gen\] batch\.done' dur_ms 5000 10000
stats trunc_pct '\[rollout\]' trunc_pct 10 30
stats staleness '\[rollout\]' staleness 2.000001 4
