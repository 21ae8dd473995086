// What the variants by cuDNN share: the handle, checked calls. Only where the library is found.
#pragma once

#include <cudnn.h>

#include "kernels/cuda/host.h"

#define ITO_CUDNN_CHECK(call)                                                                                           \
  do {                                                                                                                  \
    const cudnnStatus_t status = (call);                                                                                \
    if (status != CUDNN_STATUS_SUCCESS) ::ito::cuda::fail_call(cudnnGetErrorString(status), #call, __FILE__, __LINE__); \
  } while (false)

namespace ito::cuda {

inline cudnnHandle_t cudnn() {
  static const cudnnHandle_t only = [] {
    cudnnHandle_t created = nullptr;
    ITO_CUDNN_CHECK(cudnnCreate(&created));
    ITO_CUDNN_CHECK(cudnnSetStream(created, stream()));
    return created;
  }();
  return only;
}

}  // namespace ito::cuda
