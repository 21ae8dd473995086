// How a long sum is cut into parts that blocks of their own add up: by its sizes, never by the device, so that every device adds in one order.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

struct Cut {
  int64_t length, parts;  // part p: the elements from p length up to the next part's, or the end
};

// `count` elements, where one part of all results takes `blocks` blocks: parts enough to fill a large device, of at least `least` elements each.
inline Cut cut(int64_t count, int64_t blocks, int64_t least) {
  constexpr int64_t enough_blocks = 1024, multiple = 8;  // of whole packs
  const int64_t wanted = std::max<int64_t>(1, std::min((count + least - 1) / least, enough_blocks / std::max<int64_t>(1, blocks)));
  if (wanted == 1) return {count, 1};
  const int64_t length = ((count + wanted - 1) / wanted + multiple - 1) / multiple * multiple;
  return {length, (count + length - 1) / length};
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
