#include "tensor/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <regex>

#include "tensor/file.h"

namespace ito {

namespace {

constexpr std::array<std::pair<const char*, DType>, 6> types{
    {{"<f4", DType::f32}, {"<f8", DType::f64}, {"<i8", DType::i64}, {"<i4", DType::i32}, {"|u1", DType::u8}, {"|b1", DType::boolean}}};

constexpr char magic[] = "\x93NUMPY";
constexpr size_t magic_length = 6;

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
    out.write(static_cast<const char*>(x.raw()), std::streamsize(x.bytes()));
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

  std::smatch descr, order, extents;
  ITO_CHECK(std::regex_search(header, descr, std::regex("'descr': *'([^']*)'")) &&
                std::regex_search(header, order, std::regex("'fortran_order': *(True|False)")) &&
                std::regex_search(header, extents, std::regex("'shape': *\\(([0-9, ]*)\\)")),
            path, ": malformed .npy header");
  ITO_CHECK(order[1] == "False", path, ": the array is in Fortran order; save numpy.ascontiguousarray(array)");
  std::string name = descr[1];
  if (name == "<u1" || name == "<b1") name[0] = '|';
  const auto type = std::find_if(types.begin(), types.end(), [&](const auto& t) { return name == t.first; });
  ITO_CHECK(type != types.end(), path, ": elements of type '", name, "'; Ito reads <f4, <f8, <i8, <i4, |u1 and |b1");

  Shape shape;
  uint64_t bytes = size_of(type->second);
  const std::string list = extents[1];
  const std::regex number("[0-9]+");
  for (auto it = std::sregex_iterator(list.begin(), list.end(), number); it != std::sregex_iterator(); ++it) {
    const std::string digits = it->str();
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
