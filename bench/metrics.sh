#!/usr/bin/env bash
# Measures the cost of metrics relative to the measured operations: bench/metrics.sh
# Builds, then times counting a decode step or weight update and, in the same run, the step or update itself.
set -euo pipefail
cd "$(dirname "$0")/.."

. bench/java.sh

run_main core/metrics dev.freshet.metrics.SeriesCost
run_main cli dev.freshet.cli.MetricsCost
