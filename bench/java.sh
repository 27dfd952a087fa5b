# Sourced by benchmarks whose main class is among the tests of the command line, from the repository's root: builds, and defines
#   run_main CLASS [ARGUMENT ...]
# which runs it with the launcher's memory.
JAVA_HOME=$(./freshet jdk)
export JAVA_HOME OPENBLAS_NUM_THREADS=1
mvn -q -B -pl cli -am test-compile dependency:build-classpath -Dmdep.outputFile=target/bench-classpath

run_main() {
  (
    cd cli
    "$JAVA_HOME/bin/java" -Xmx1g -Xmn32m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED \
      --sun-misc-unsafe-memory-access=allow -cp "target/test-classes:target/classes:$(cat target/bench-classpath)" "$@"
  ) | grep -v -e ' DEBUG ' -e ' INFO '
}
