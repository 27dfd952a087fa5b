#!/usr/bin/env bash
# What the event log takes, and what a line costs the event loop that writes it: bench/events.sh [LINES-A-SECOND ...]
# Builds, has an event loop write tagged lines for 5 s at each rate, and counts what is in the file.
set -euo pipefail
cd "$(dirname "$0")/.."

JAVA_HOME=$(./freshet jdk)
export JAVA_HOME
mvn -q -B -pl cli -am test-compile dependency:build-classpath -Dmdep.outputFile=target/bench-classpath
cd cli
"$JAVA_HOME/bin/java" -Xmx1g -Xmn32m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -cp "target/test-classes:target/classes:$(cat target/bench-classpath)" dev.freshet.cli.EventLogCost "$@" \
  | grep -v DEBUG
