#!/usr/bin/env bash
# Compares freshet analyze with grep, sed, sort and awk on the same log: bench/analyze.sh [MB] [RUNS]
# Prints the best time of RUNS runs, its rate, the peak memory of all runs (by GNU time), the times of the pipelines, the ratios, and whether
# the figures agree.
set -euo pipefail
cd "$(dirname "$0")/.."

megabytes=${1:-2000}
runs=${2:-3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
log=$dir/run.log
bench/analyze-log.sh "$megabytes" > "$log"
bytes=$(wc -c < "$log")
./freshet --version > /dev/null # builds, and warms the file cache

now() { date +%s.%N; }

# seconds FILE COMMAND...: prints the run time of a command in seconds; writes its output to FILE.
seconds() {
  local out=$1 begin
  shift
  begin=$(now)
  "$@" > "$out"
  echo "$(now) $begin" | awk '{ printf "%.3f", $1 - $2 }'
}

best=1e9
for _ in $(seq "$runs"); do
  took=$(seconds "$dir/report.json" command time -a -o "$dir/peak" -f %M ./freshet analyze --format json "$log")
  best=$(echo "$best $took" | awk '{ print $1 < $2 ? $1 : $2 }')
done
for mode in sed grep once; do
  declare "$mode=$(seconds "$dir/$mode.txt" bench/analyze-pipeline.sh "$log" "$mode")"
  cmp -s "$dir/sed.txt" "$dir/$mode.txt" || echo "results of pipelines sed and $mode differ"
done

while read -r name _ count _ mean _ stddev _ _ _ p50 _ _ _ _ _ p99 _; do
  awk -v name="$name" -v want="$count $mean $stddev $p50 $p99" '
    $0 ~ "^    \"" name "\" :" { inside = 1 }
    inside && /"(count|mean|stddev|p50|p99)"/ { gsub(/[",]/, ""); got[$1] = $3 }
    inside && /}/ { exit }
    END {
      split(want, w, " "); split("count mean stddev p50 p99", keys, " ")
      for (i = 1; i <= 5; i++) { d = got[keys[i]] - w[i]; if (d < 0) d = -d; if (d > 1e-3 * w[i] + 1e-3) bad = bad " " keys[i] }
      print name, (bad ? "differs in" bad : "agrees")
    }' "$dir/report.json"
done < "$dir/sed.txt"

echo "$bytes $best $sed $grep $once $(sort -n "$dir/peak" | tail -1)" | awk '{
  printf "freshet analyze       %7.2f s  %6.0f MB/s, including JVM start; peak resident memory %.0f MB\n", $2, $1 / 1e6 / $2, $6 * 1024 / 1e6
  printf "sed per metric        %7.2f s  %6.1f times as long\n", $3, $3 / $2
  printf "grep per metric       %7.2f s  %6.1f times as long\n", $4, $4 / $2
  printf "one grep              %7.2f s  %6.1f times as long\n", $5, $5 / $2 }'
