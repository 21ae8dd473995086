// Marks a function that both the host and CUDA kernels call.
#pragma once

#ifdef __CUDACC__
#define ITO_HOST_DEVICE __host__ __device__
#else
#define ITO_HOST_DEVICE
#endif
