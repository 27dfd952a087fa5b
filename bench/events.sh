#!/usr/bin/env bash
# What the event log takes, and what a line costs the event loop that writes it: bench/events.sh [LINES-A-SECOND ...]
# Builds, has an event loop write tagged lines for 5 s at each rate, and counts what is in the file.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/java.sh

run_main dev.freshet.cli.EventLogCost "$@"
