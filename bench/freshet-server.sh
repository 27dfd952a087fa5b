# Servers of Freshet, for scripts that ask them with other programs. Source this; it defines
#   await_url PROCESS OUT NAME            waits until PROCESS has written the URL of its listener NAME to the file OUT, and prints the URL
#   start_freshet CHECKPOINT OPTION...    starts `freshet serve` on free ports and waits for it; sets freshet_url
#   stop_freshet                          ends that server
#   python_venv VENV REQUIREMENT...       makes the virtual environment VENV on first use
# FRESHET names the launcher (default: that of the repository).
freshet_url=
freshet_server=
freshet_out=

await_url() {
  local url
  for _ in $(seq 600); do
    url=$(sed -n "s/^ *$3 *\(http[^ ]*\).*/\1/p" "$2")
    [ -z "$url" ] || { echo "$url"; return; }
    kill -0 "$1" 2> /dev/null || { cat "$2" >&2; return 1; }
    sleep 0.2
  done
  echo "no URL of '$3' in $2 within two minutes" >&2
  return 1
}

start_freshet() {
  local root
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  freshet_out=$(mktemp)
  "${FRESHET:-$root/freshet}" serve --model "$1" --port 0 --admin-port 0 --http.log_requests false "${@:2}" > "$freshet_out" 2>&1 &
  freshet_server=$!
  freshet_url=$(await_url "$freshet_server" "$freshet_out" completions)
}

stop_freshet() {
  [ -n "$freshet_server" ] || return 0
  kill "$freshet_server" 2> /dev/null || true
  wait "$freshet_server" 2> /dev/null || true
  rm -f "$freshet_out"
  freshet_server=
}

python_venv() {
  [ ! -e "$1/installed" ] || return 0
  python3 -m venv "$1"
  "$1/bin/pip" install -q "${@:2}"
  touch "$1/installed"
}
