#!/usr/bin/env bash
# What the dashboard of a long run costs a browser (Chromium, headless): bench/dashboard.sh
# Builds, serves a run of 10,000 updates and 1,000 steps that goes on, and times the page's redraws.
set -euo pipefail
cd "$(dirname "$0")/.."

JAVA_HOME=$(./freshet jdk)
export JAVA_HOME
mvn -q -B -pl cli -am test-compile dependency:build-classpath -Dmdep.outputFile=target/bench-classpath
cd cli
"$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -cp "target/test-classes:target/classes:$(cat target/bench-classpath)" dev.freshet.cli.dashboard.DashboardCost \
  | grep -v -e DEBUG -e INFO
