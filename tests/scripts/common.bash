# What the scripts here share. Each is called with the path of the program `ito`, in the root of the project.
set -euo pipefail
ito=$(realpath "$1")
root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

finish() {
  [ "$failures" -eq 0 ] || exit 1
  echo "ok"
}

# refused PATTERN COMMAND...: it must end with exit code 2 and one line of error that matches the pattern; lines of progress may stand before it.
refused() {
  local pattern=$1 code=0
  shift
  "$@" >"$tmp/stdout" 2>"$tmp/stderr" || code=$?
  [ "$code" -eq 2 ] || fail "exit code $code, not 2: $*"
  [ "$(grep -cvE '^ *[0-9]+ %' "$tmp/stderr")" -eq 1 ] || fail "not one line: $(cat "$tmp/stderr")"
  tail -1 "$tmp/stderr" | grep -qaE -- "^ito: .*($pattern)" || fail "'$pattern' is not in: $(cat "$tmp/stderr")"
}

# A network and a data set that train in a second.
tiny=(--set data.name=triangles --set data.size=8 --set data.count=60 --set model.base=8 --set model.classes=0 --set model.patch=1 --set sample.guidance=0
  --set sample.steps=5 --set train.batch=8 --set train.warmup=5 --set train.log_steps=1)
config=$root/examples/mnist/ddpm.json
