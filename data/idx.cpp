#include "data/idx.h"

#include <cstring>

#include "data/gz.h"

namespace ito {

Tensor load_idx(const std::string& path) {
  GzReader in(path);
  uint8_t head[4];
  in.all(head, sizeof head);
  ITO_CHECK(head[0] == 0 && head[1] == 0 && head[2] == 0x08 && head[3] >= 1 && head[3] <= 4, path, ": not an IDX file of bytes (wrong magic number)");
  Shape shape;
  int64_t numel = 1;
  for (int i = 0; i < head[3]; ++i) {
    uint8_t b[4];
    in.all(b, sizeof b);
    shape.push_back(int64_t(b[0]) << 24 | b[1] << 16 | b[2] << 8 | b[3]);
    ITO_CHECK(shape.back() > 0 && !__builtin_mul_overflow(numel, shape.back(), &numel) && numel < int64_t(1) << 40, path, ": impossible extents ",
              shape);
  }
  // In parts, so that extents that promise too much do not allocate it.
  std::string content;
  constexpr int64_t part = 1 << 24;
  while (int64_t(content.size()) < numel) {
    const size_t before = content.size(), n = size_t(std::min(part, numel - int64_t(before)));
    content.resize(before + n);
    in.all(content.data() + before, n);
  }
  char extra;
  ITO_CHECK(in.some(&extra, 1) == 0, path, ": more data than its extents ", shape, " say");
  const Tensor out = Tensor::empty(shape, DType::u8);
  std::memcpy(out.raw(), content.data(), content.size());
  return out;
}

}  // namespace ito
