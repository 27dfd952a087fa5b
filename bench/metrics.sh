#!/usr/bin/env bash
# What metrics cost beside what they measure: bench/metrics.sh
# Builds, then times the counting of decode steps and weight updates and, in the same run, those.
set -euo pipefail
cd "$(dirname "$0")/.."

JAVA_HOME=$(./freshet jdk)
export JAVA_HOME OPENBLAS_NUM_THREADS=1
mvn -q -B -pl inference -am test-compile dependency:build-classpath -Dmdep.outputFile=target/bench-classpath
cd inference
libraries=$(tr ':' '\n' < target/bench-classpath | grep -v logback | paste -sd :)
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dslf4j.internal.verbosity=ERROR \
  -cp "target/test-classes:target/classes:$libraries" dev.freshet.inference.MetricsCost
