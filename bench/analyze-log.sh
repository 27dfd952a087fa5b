#!/usr/bin/env bash
# Writes a synthetic log of about MB megabytes to standard output, with 1 % tagged lines: analyze-log.sh MB > FILE
set -euo pipefail

awk -v megabytes="${1:?usage: analyze-log.sh MB}" '
function stamp(n,  s) {
  s = int(n / 2000)
  return sprintf("2026-01-02T%02d:%02d:%02d.%03dZ INFO  ", int(s / 3600) % 24, int(s / 60) % 60, s % 60, n / 2 % 1000)
}
BEGIN {
  srand(1)
  for (i = 0; i < 99; i++)
    noise[i] = sprintf("engine [step %d] running=%d waiting=%d kv_used=%.1f%% tokens/s=%d finished cmpl-%08x reason=stop\n",
      rand() * 9999, rand() * 500, rand() * 50, rand() * 100, rand() * 9000, rand() * 4294967295)
  left = megabytes * 1e6
  for (n = 0; left > 0; n += 100) {
    at = stamp(n)
    block = ""
    for (i = 0; i < 99; i++) block = block at noise[i]
    trace = sprintf("[weights][%08x%08x] ", n, rand() * 4294967295)
    rpc = int(3000 + rand() * 2000) / 10
    queue = int(5 + rand() * 100) / 10
    t = n / 2000
    kind = n / 100 % 10
    if (kind == 0) tag = trace "client.send url=http://127.0.0.1:8001/update_weights path=runs/a/weights/step_7 t=" sprintf("%.6f", t)
    else if (kind < 6) tag = sprintf("%sclient.done wall_ms=%.1f rpc_ms=%.1f queue_ms=%.1f op=update_weights", trace, queue + rpc, rpc, queue)
    else if (kind == 6) tag = sprintf("[ckpt] write.done step=%d write_ms=%.1f", n / 1000, 200 + rand() * 100)
    else if (kind == 7) tag = sprintf("[ckpt] wait.done target_step=%d wait_ms=%.1f", n / 1000, rand() * 100)
    else if (kind == 8) tag = sprintf("[gen] batch.done completions=128 dur_ms=%.1f inflight=%d", 2000 + rand() * 900, rand() * 300)
    else tag = sprintf("[rollout] trunc_pct=%.1f current_step=%d ckpt_step=%d staleness=1", rand() * 9, n / 1000 + 1, n / 1000)
    block = block at tag "\n"
    printf "%s", block
    left -= length(block)
  }
}'
