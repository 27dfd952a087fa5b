#!/usr/bin/env bash
# Measures what an answer's head and a stream's chunk cost an event loop: bench/http-write.sh
# Compares serving/http with Netty's HttpResponseEncoder in the pipeline.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/java.sh

run_main serving/http dev.freshet.http.HttpWriteCost
