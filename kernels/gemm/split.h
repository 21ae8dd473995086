// Floats in three parts of bfloat16 for the products of pairs.h,
//   x_0 = round(x), x_1 = round(x - x_0), x_2 = x - x_0 - x_1,
// whose sum is x exactly: x_0 and x_1 leave 16 and 8 bits of 24. Rounding is to the nearest. What is below 2^-126, and where x is below 2^-110 its
// last parts, counts as nothing in AMX's products. Infinities, and what rounds to them (from 3.396e38), have no parts: their products are NaN.
//
// As pairs.h's functions of the same names.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace ito::kernels::pairs {

void copy(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part);
void turn(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part);
void interleave(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part);
void interleave_turned(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part);

}  // namespace ito::kernels::pairs
