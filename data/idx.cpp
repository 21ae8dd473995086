#include "data/idx.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <zlib.h>

namespace ito {

namespace {

// Reads plain files as well as gz.
class GzReader {
 public:
  explicit GzReader(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb"), &gzclose) {
    ITO_CHECK(file_, "cannot read ", path, ": ", std::strerror(errno));
  }

  // How many of n bytes there were.
  size_t some(void* to, size_t n) {
    size_t done = 0;
    while (done < n) {
      const int got = gzread(file_.get(), static_cast<char*>(to) + done, unsigned(std::min<size_t>(n - done, 1U << 30)));
      if (got <= 0) break;
      done += size_t(got);
    }
    int code = Z_OK;
    const char* reason = gzerror(file_.get(), &code);
    ITO_CHECK(code == Z_OK || code == Z_STREAM_END, path_, ": the gz data is damaged or cut short (", reason, "); fetch the file again");
    return done;
  }
  void all(void* to, size_t n) {
    const size_t got = some(to, n);
    ITO_CHECK(got == n, path_, ": cut short, ", n - got, " bytes are missing; fetch the file again");
  }

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace

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
