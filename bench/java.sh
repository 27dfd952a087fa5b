# For benchmarks whose main class is a test class. Source this from the repository root. Builds, and defines
#   run_main MODULE CLASS [ARGUMENT ...]
# which runs a class of a module with the launcher's heap settings.
JAVA_HOME=$(./freshet jdk)
export JAVA_HOME OPENBLAS_NUM_THREADS=1
mvn -q -B -pl cli,insight/dashboard -am test-compile dependency:build-classpath -Dmdep.outputFile=target/bench-classpath

run_main() {
  local module=$1
  shift
  (
    cd "$module"
    "$JAVA_HOME/bin/java" -Xmx1g -Xmn32m -XX:+UseSerialGC --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
      --sun-misc-unsafe-memory-access=allow -cp "target/test-classes:target/classes:$(cat target/bench-classpath)" "$@"
  ) | grep -v -e ' DEBUG ' -e ' INFO '
}
