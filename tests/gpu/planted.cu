// Kernels that tests/gpu/resources.py must report, and one that it must not; tests/gpu/test_resources.sh compiles and reads them.

// occupancy: >= 50 %
__global__ void __launch_bounds__(256) keeps_its_promise(float* y) { y[threadIdx.x] = 1; }

// An index that is not known when it is compiled: the array cannot be in registers.
__global__ void __launch_bounds__(256) array_in_local_memory(float* y, const float* x, int n) {
  float kept[16] = {};
  for (int i = 0; i < n; ++i) kept[int(x[i]) & 15] += 1;
  y[threadIdx.x] = kept[n & 15];
}

// local memory: <= 64 bytes, to see that this is allowed
__global__ void __launch_bounds__(256) allowed_array(float* y, const float* x, int n) {
  float kept[16] = {};
  for (int i = 0; i < n; ++i) kept[int(x[i]) & 15] += 1;
  y[threadIdx.x] = kept[n & 15];
}

// occupancy: >= 75 %
__global__ void __launch_bounds__(256) too_much_static_shared(float* y) {
  __shared__ float part[8192];
  part[threadIdx.x] = y[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = part[(threadIdx.x + 1) % 256];
}

// occupancy: >= 75 %, 49152 bytes of dynamic shared memory
__global__ void __launch_bounds__(256) too_much_dynamic_shared(float* y) {
  extern __shared__ float part[];
  part[threadIdx.x] = y[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = part[(threadIdx.x + 1) % 256];
}

// occupancy: >= 50 %
__global__ void __launch_bounds__(256) unsaid_dynamic_shared(float* y) {
  extern __shared__ float part[];
  part[threadIdx.x] = y[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = part[(threadIdx.x + 1) % 256];
}

__global__ void no_launch_bounds(float* y) { y[threadIdx.x] = 1; }
