#include "tensor/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <sstream>

#include "tensor/file.h"

namespace ito {

namespace {

constexpr std::array<std::pair<const char*, DType>, 6> types{
    {{"<f4", DType::f32}, {"<f8", DType::f64}, {"<i8", DType::i64}, {"<i4", DType::i32}, {"|u1", DType::u8}, {"|b1", DType::boolean}}};

constexpr char magic[] = "\x93NUMPY";
constexpr size_t magic_length = 6;

// What stands between `open` and `close` after the key of a header such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
std::optional<std::string> entry(const std::string& header, const std::string& key, char open, char close) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return {};
  const size_t start = header.find_first_not_of(' ', at + key.size() + 3);
  if (start == std::string::npos || (open != 0 && header[start] != open)) return {};
  const size_t first = open != 0 ? start + 1 : start, end = header.find(close, first);
  if (end == std::string::npos) return {};
  return header.substr(first, end - first);
}

}  // namespace

void save_npy(const std::string& path, const Tensor& x) {
  if (x.dtype() == DType::bf16) return save_npy(path, x.to(DType::f32));
  const auto type = std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.second == x.dtype(); });
  std::string header = text("{'descr': '", type->first, "', 'fortran_order': False, 'shape': (");
  for (const int64_t extent : x.shape()) header += text(extent, ",");
  header += "), }";
  const size_t total = (magic_length + 4 + header.size() + 1 + 63) / 64 * 64;  // the data starts at a multiple of 64
  header.resize(total - magic_length - 4 - 1, ' ');
  header += '\n';
  write_file(path, [&](std::ostream& out) {
    out.write(magic, magic_length);
    const uint16_t length = uint16_t(header.size());
    out.put(1).put(0).put(char(length & 0xff)).put(char(length >> 8)) << header;
    const Tensor here = x.to(Device::cpu);
    out.write(static_cast<const char*>(here.raw()), std::streamsize(here.bytes()));
  });
}

Tensor load_npy(const std::string& path) {
  const std::string content = read_file(path);
  ITO_CHECK(content.size() >= magic_length + 4 && std::memcmp(content.data(), magic, magic_length) == 0, path, ": not an .npy file");
  const auto byte = [&](size_t i) { return uint64_t(uint8_t(content[i])); };
  const uint64_t version = byte(6), start = version == 1 ? 10 : 12;
  ITO_CHECK(version >= 1 && version <= 3 && content.size() >= start, path, ": unknown .npy version ", version);
  const uint64_t length = byte(8) + (byte(9) << 8) + (version == 1 ? 0 : (byte(10) << 16) + (byte(11) << 24));
  ITO_CHECK(length <= content.size() - start, path, ": the header claims ", length, " bytes; the file is cut short");
  const std::string header = content.substr(start, length);

  const auto descr = entry(header, "descr", '\'', '\''), order = entry(header, "fortran_order", 0, ','), extents = entry(header, "shape", '(', ')');
  ITO_CHECK(descr && order && extents && extents->find_first_not_of("0123456789, ") == std::string::npos, path, ": malformed .npy header");
  ITO_CHECK(*order == "False", path, ": the array is in Fortran order; save numpy.ascontiguousarray(array)");
  std::string name = *descr;
  if (name == "<u1" || name == "<b1") name[0] = '|';
  const auto type = std::find_if(types.begin(), types.end(), [&](const auto& t) { return name == t.first; });
  ITO_CHECK(type != types.end(), path, ": elements of type '", name, "'; Ito reads <f4, <f8, <i8, <i4, |u1 and |b1");

  Shape shape;
  uint64_t bytes = size_of(type->second);
  std::istringstream list(*extents);
  for (std::string digits; std::getline(list, digits, ',');) {
    digits.erase(0, digits.find_first_not_of(' '));
    if (digits.empty()) continue;  // after the last comma
    ITO_CHECK(digits.find(' ') == std::string::npos, path, ": malformed .npy header");
    const uint64_t extent = digits.size() <= 18 ? std::stoull(digits) : UINT64_MAX;
    ITO_CHECK(extent < UINT64_MAX && !__builtin_mul_overflow(bytes, extent, &bytes), path, ": a shape of more bytes than exist");
    shape.push_back(int64_t(extent));
  }
  const uint64_t there = content.size() - start - length;
  ITO_CHECK(there == bytes, path, ": shape ", shape, " needs ", bytes, " bytes, the file has ", there);
  Tensor x = Tensor::empty(shape, type->second);
  std::memcpy(x.raw(), content.data() + start + length, bytes);
  if (type->second == DType::boolean)
    ITO_CHECK(std::all_of(content.end() - std::ptrdiff_t(bytes), content.end(), [](char c) { return c == 0 || c == 1; }), path,
              ": a bool array with bytes other than 0 and 1");
  return x;
}

}  // namespace ito
