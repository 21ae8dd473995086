// Element types: f32 f64 bf16 i64 i32 u8 bool, and the way from a DType to a C++ type.
#pragma once

#include <bit>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <type_traits>

#include "kernels/host_device.h"
#include "tensor/error.h"

namespace ito {

enum class DType : uint8_t { f32, f64, bf16, i64, i32, u8, boolean };

// The upper half of an f32: 8 exponent bits, 7 of mantissa. Storage only; arithmetic goes through float.
struct bfloat16 {
  uint16_t bits = 0;

  bfloat16() = default;
  // Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
  ITO_HOST_DEVICE explicit bfloat16(float value) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    const bool is_nan = (u & 0x7fffffffU) > 0x7f800000U;
    bits = is_nan ? uint16_t((u >> 16) | 0x40U) : uint16_t((u + 0x7fffU + ((u >> 16) & 1U)) >> 16);
  }
  template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, float>) ITO_HOST_DEVICE explicit bfloat16(Number value) : bfloat16(float(value)) {}
  ITO_HOST_DEVICE operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

template <class T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of<bfloat16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct dtype_of<int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct dtype_of<int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of<uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct dtype_of<bool> {
  static constexpr DType value = DType::boolean;
};

// The type sums are kept in: f32 for bf16, f64 for f32 and f64 in reference kernels.
template <class T>
using accumulate_t = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;

size_t size_of(DType dtype);               // bytes of one element
std::string_view name_of(DType dtype);     // "f32", "bool", ...
DType dtype_named(std::string_view name);  // throws Error for an unknown name
constexpr bool is_floating(DType d) { return d == DType::f32 || d == DType::f64 || d == DType::bf16; }
std::ostream& operator<<(std::ostream& out, DType dtype);

// Calls f.template operator()<T>() with the C++ type of `dtype` when it is one of Ts; throws Error naming `op` otherwise.
//   dispatch<float, double>(x.dtype(), "softmax", [&]<class T>() { ... x.data<T>() ... });
template <class... Ts, class F>
void dispatch(DType dtype, std::string_view op, F&& f) {
  const bool found = ((dtype == dtype_of<Ts>::value ? (f.template operator()<Ts>(), true) : false) || ...);
  ITO_CHECK(found, "[", op, "] does not take ", dtype, " tensors");
}

}  // namespace ito
