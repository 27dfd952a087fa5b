#!/usr/bin/env bash
# Computes the figures of a run's log with grep, sed, sort and awk, as one would by hand: analyze-pipeline.sh FILE [sed|grep|once]
#   sed   runs sed over the log once per metric (the default)
#   grep  runs grep over the log once per metric, and sed on its output
#   once  extracts the tagged lines with one grep; everything else reads only those
# Also computes the ten slowest updates with all lines of their traces, the correlation of queue_ms with inflight, and a timeline.
set -euo pipefail
export LC_ALL=C

log=${1:?usage: analyze-pipeline.sh FILE [sed|grep|once]}
mode=${2:-sed}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tags='\[weights\]\[[0-9a-f]{16}\] |\[ckpt\] |\[gen\] |\[rollout\] '
if [ "$mode" = once ]; then
  grep -E "$tags" "$log" > "$tmp/tagged" || true
  log=$tmp/tagged
  mode=sed
fi

# values EVENT KEY: prints the values of the key, one per line
values() {
  if [ "$mode" = grep ]; then
    { grep -E "$1.* $2=" "$log" || true; } | sed -E "s/.* $2=([0-9.]+).*/\1/"
  else
    sed -nE "s/.*$1.* $2=([0-9.]+).*/\1/p" "$log"
  fi
}

# stats NAME EVENT KEY GOOD CRITICAL: prints the distribution of the values
stats() {
  values "$2" "$3" | sort -n | awk -v name="$1" -v good="$4" -v critical="$5" '
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

sed -nE 's/.*\[weights\]\[([0-9a-f]{16})\] client\.done wall_ms=([0-9.]+).*/\2 \1/p' "$log" | sort -k1,1rn | awk 'NR <= 10' |
  while read -r _ trace; do grep -F "[$trace]" "$log"; done > "$tmp/slowest"
awk '/\[gen\] batch/ && match($0, / inflight=[0-9]+/) { inflight = substr($0, RSTART + 10, RLENGTH - 10) + 0; known = 1 }
  known && /client\.done/ && match($0, / queue_ms=[0-9.]+/) {
    q = substr($0, RSTART + 10, RLENGTH - 10) + 0
    n++; x += inflight; y += q; xx += inflight * inflight; yy += q * q; xy += inflight * q }
  END { if (n) { d = (n * xx - x * x) * (n * yy - y * y); print "pearson", (d > 0 ? (n * xy - x * y) / sqrt(d) : "-") } }' "$log" > "$tmp/load"
grep -E "$tags" "$log" | sort > "$tmp/timeline" || true
