// The first rung of attention (attention_cuda.cu), which takes any sizes: what later rungs leave to it.
#pragma once

#include "kernels/attention/heads.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

template <class T>
void attention_forward_naive(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& shape);
template <class T>
void attention_backward_naive(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq, T* dk,
                              T* dv, const AttentionShape& shape);

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
