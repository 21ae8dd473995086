// Group norm where a row of channels is a group of its own (one pixel, one group, no SiLU): layer norm (Ba, Kiros & Hinton 2016). The arguments are
// those of group_norm.h.
#pragma once

#include "kernels/group_norm/group_norm.h"

namespace ito::kernels {

inline bool is_layer_norm(const GroupNormShape& s) { return s.pixels == 1 && s.groups == 1 && !s.silu; }

template <class T>
void layer_norm_forward(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& s);
template <class T>
void layer_norm_backward(const T* x, const T* weight, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, const T* dy, T* dx, T* dweight,
                         T* dbias, const GroupNormShape& s);

}  // namespace ito::kernels
