#!/usr/bin/env bash
# Measures the throughput of the event log and the cost of a line for the calling event loop: bench/events.sh [LINES-A-SECOND ...]
# Builds, writes tagged lines on an event loop for 5 s at each rate, and counts the lines in the file.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/java.sh

run_main cli dev.freshet.cli.EventLogCost "$@"
