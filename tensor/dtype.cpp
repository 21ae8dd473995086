#include "tensor/dtype.h"

#include <array>
#include <ostream>

namespace ito {

namespace {
struct DTypeRow {
  std::string_view name;
  size_t size;
};
constexpr std::array<DTypeRow, 7> rows{{{"f32", 4}, {"f64", 8}, {"bf16", 2}, {"i64", 8}, {"i32", 4}, {"u8", 1}, {"bool", 1}}};
}  // namespace

size_t size_of(DType dtype) { return rows[size_t(dtype)].size; }
std::string_view name_of(DType dtype) { return rows[size_t(dtype)].name; }
std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name_of(dtype); }

DType dtype_named(std::string_view name) {
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].name == name) return DType(i);
  fail("unknown dtype '", name, "'; expected one of f32, f64, bf16, i64, i32, u8, bool");
}

}  // namespace ito
