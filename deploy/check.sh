#!/usr/bin/env bash
# Scrapes a real run with a real Prometheus and checks the result: deploy/check.sh
#
# Runs once with native histograms and once with classic buckets. Checks that the target is up, that durations are stored in that form, that
# every rule of freshet.rules.yml evaluates, that percentiles and shares have values, and that no alert fires. Takes two minutes. Everything
# listens on the loopback interface, lives in a temporary directory and ends with the script.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in prometheus curl python3; do
  command -v "$tool" >/dev/null || { echo "deploy/check.sh: $tool is not installed: install it and run again" >&2; exit 2; }
done

dir=$(mktemp -d)
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap end EXIT

./freshet --version
./freshet run --run.dir "$dir/run" --run.steps 100000 --sft.steps 20 --orchestrator.eval_problems 16 > "$dir/run.txt" 2>&1 &
pids+=($!)

# Waits until the run has printed the URL of its metrics page.
for _ in $(seq 240); do
  page=$(sed -n 's,.*metrics  *http://\([^/ ]*\)/metrics.*,\1,p' "$dir/run.txt")
  [ -n "$page" ] && break
  kill -0 "${pids[0]}" 2>/dev/null || { cat "$dir/run.txt" >&2; exit 1; }
  sleep 0.5
done
[ -n "$page" ] || { echo "deploy/check.sh: the run did not print the URL of its metrics page within 120 s" >&2; exit 1; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The deployed rules, evaluated every 2 s. The only target has the metrics of all three roles.
cp deploy/prometheus/freshet.rules.yml "$dir"
sed -i 's/interval: 30s/interval: 2s/' "$dir/freshet.rules.yml"
cat > "$dir/prometheus.yml" <<YAML
global: {scrape_interval: 2s, evaluation_interval: 2s}
rule_files: [freshet.rules.yml]
scrape_configs:
  - job_name: freshet-serve
    static_configs: [{targets: ["$page"], labels: {run: check}}]
YAML

declare -A url
for form in native classic; do
  port=$(free_port)
  url[$form]=http://127.0.0.1:$port
  feature=()
  [ $form = native ] && feature=(--enable-feature=native-histograms)
  prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/tsdb-$form" --web.listen-address="127.0.0.1:$port" \
    "${feature[@]}" > "$dir/prometheus-$form.txt" 2>&1 &
  pids+=($!)
done

# Long enough for rates to have values and for some updates to be counted.
sleep "${SCRAPE_SECONDS:-60}"
for form in native classic; do
  python3 deploy/check.py "${url[$form]}" "$form" || { tail -5 "$dir/prometheus-$form.txt" >&2; exit 1; }
done
