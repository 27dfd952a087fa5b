#!/usr/bin/env bash
# What the dashboard of a long run costs a browser (Chromium, headless): bench/dashboard.sh
# Builds, serves a run of 10,000 updates and 1,000 steps that goes on, and times the page's redraws.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/java.sh

run_main dev.freshet.cli.dashboard.DashboardCost
