#!/usr/bin/env bash
# Does the report on resources notice what it must? test_resources.sh NVCC
set -euo pipefail
cd "$(dirname "$0")"
nvcc=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

mkdir -p "$tmp/CMakeFiles/ito_cuda.dir/tests/gpu"
"$nvcc" -std=c++20 -arch=sm_80 -no-compress -c planted.cu -o "$tmp/CMakeFiles/ito_cuda.dir/tests/gpu/planted.cu.o"
python3 resources.py "$tmp" >"$tmp/said" && { echo "FAILED: no failure"; exit 1; }
sed 's/.*sm_80: //' "$tmp/said" | sort >"$tmp/got"
sort >"$tmp/expected" <<'TEXT'
array_in_local_memory: 64 bytes of local memory a thread
no_launch_bounds: no __launch_bounds__
too_much_dynamic_shared: occupancy 38 %, not 75 %: 12 registers, 256 threads, 49152 bytes of shared memory
too_much_static_shared: occupancy 50 %, not 75 %: 12 registers, 256 threads, 32768 bytes of shared memory
unsaid_dynamic_shared: its comment does not say how much dynamic shared memory
7 kernels, 7 instantiations, 5 failures
TEXT
diff <(sed 's/[0-9]* registers/N registers/' "$tmp/expected") <(sed 's/[0-9]* registers/N registers/' "$tmp/got")

# A spill stops the build.
cat >"$tmp/spill.cu" <<'TEXT'
__global__ void __launch_bounds__(1024) spilling(float* y, const float* x, int n) {
  float v[80];
#pragma unroll
  for (int i = 0; i < 80; ++i) v[i] = x[threadIdx.x + i * n];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 80; ++i) y[threadIdx.x + i * n] = v[i] * v[79 - i];
}
TEXT
if "$nvcc" -arch=sm_80 -Werror=all-warnings -Xptxas=-warn-spills -c "$tmp/spill.cu" -o "$tmp/spill.o" 2>"$tmp/said"; then
  echo "FAILED: a kernel that spills was compiled"
  exit 1
fi
grep -q 'spilled to local memory' "$tmp/said" || { cat "$tmp/said"; exit 1; }
echo "ok: six planted mistakes are reported, what is allowed is not"
