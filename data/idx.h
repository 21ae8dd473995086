// Arrays of bytes in the IDX format of the MNIST files, plain or gz: two zero bytes, type 0x08, rank, the extents as big-endian 32-bit numbers,
// the elements.
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace ito {

// u8, of the rank in the file. Throws Error that names the file: missing, wrong magic number, truncated or damaged gz, too few or too many elements.
Tensor load_idx(const std::string& path);

}  // namespace ito
