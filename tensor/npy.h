// One array in NumPy's .npy format (version 1.0 written; 1.0, 2.0 and 3.0 read), C order, little-endian.
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace ito {

// f32, f64, i64, i32, u8, bool; bf16, which NumPy lacks, is written as f32. Written as a whole or not at all.
void save_npy(const std::string& path, const Tensor& x);
// Throws Error that names the file: wrong magic, malformed header, unknown type, Fortran order, data cut short or left over.
Tensor load_npy(const std::string& path);

}  // namespace ito
