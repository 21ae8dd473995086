// Named tensors in one file: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, the elements. The format of
// Hugging Face's `safetensors`, readable by its Python package. Little-endian.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // free text by key
};

// Written as a whole or not at all (tensor/file.h).
void save_safetensors(const std::string& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata = {});

// Throws Error that names the file and the tensor: header longer than the file or no JSON, unknown type, shape and size that disagree, offsets
// out of range, overlapping or with gaps, a name twice, data cut short.
TensorFile load_safetensors(const std::string& path);

}  // namespace ito
