#!/usr/bin/env bash
# On a machine with a GPU: builds Ito for it, runs all tests but those of the emulator, and the benches, and says how it went. It takes less than ten
# minutes where there are eight processors to build with; what runs on the GPU is stopped after four.
#   tests/gpu/run.sh [FOLDER OF THE BUILD]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build-gpu}

devices=$(nvidia-smi --query-gpu=compute_cap,name --format=csv,noheader 2>/dev/null) || devices=
if [ -z "$devices" ]; then
  echo "tests/gpu/run.sh: nvidia-smi knows of no GPU here; ./dev cuda builds for GPUs without one, ./dev test runs the kernels on the emulator"
  exit 2
fi
arch=$(head -1 <<<"$devices" | cut -d, -f1 | tr -d '. ')
name=$(head -1 <<<"$devices" | cut -d, -f2-)
failed=()
summary=()

# step NAME SECONDS COMMAND...: with its output in a log, the end of which is shown when it fails.
step() {
  local name=$1 limit=$2 start=$SECONDS code=0
  shift 2
  echo "== $name"
  timeout "$limit" "$@" >"$build/$name.log" 2>&1 || code=$?
  summary+=("$(printf '%-12s %4d s   %s' "$name" $((SECONDS - start)) "$([ "$code" -eq 0 ] && echo ok || echo "exit code $code: $build/$name.log")")")
  if [ "$code" -ne 0 ]; then
    failed+=("$name")
    tail -40 "$build/$name.log"
  fi
}

# Every kernel that the device has, with all its variants.
bench_kernels() {
  local op
  "$build/ito" kernels list | awk '$2 == "cuda" { print $1 }' | sort -u >"$build/ops"
  while read -r op; do "$build/ito" kernels bench "$op" --device cuda; done <"$build/ops"
}
export -f bench_kernels
export build

mkdir -p "$build"
step configure 60 cmake --preset cuda -B "$build" -DITO_CUDA_ARCHITECTURES="$arch"
step build 580 cmake --build "$build" --target ito ito_tests ito_bench
if [ ${#failed[@]} -eq 0 ]; then
  step cuda 150 "$build/tests/ito_tests" '--test-suite=cuda*'
  step tests 60 "$build/tests/ito_tests" '--test-suite-exclude=cuda*'
  step bench 60 "$build/ito_bench" cuda
  step kernels 120 bash -c bench_kernels
  grep -hE 'test cases:|assertions:' "$build/cuda.log" "$build/tests.log" || true
  cat "$build/bench.log" "$build/kernels.log"
fi

echo
echo "$name, sm_$arch, $(nproc) processors, $SECONDS s in all"
printf '%s\n' "${summary[@]}"
if [ ${#failed[@]} -ne 0 ]; then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
