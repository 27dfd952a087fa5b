#!/usr/bin/env bash
# Measures the cost of a long run's dashboard in a browser (headless Chromium): bench/dashboard.sh
# Builds, serves a run of 10,000 updates and 1,000 steps that continues, and times the redraws of the page.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/java.sh

run_main insight/dashboard dev.freshet.dashboard.DashboardCost
