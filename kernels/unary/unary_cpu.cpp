#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/store.h"
#include "kernels/unary/functions.h"
#include "kernels/unary/math.h"

namespace ito::kernels {

namespace {

constexpr int64_t grain = 1 << 13;
constexpr int64_t short_block = 1 << 9;  // read twice, it must not keep the memory waiting

// The definitions, in double.
template <UnaryKind kind, class T>
void values(const T* x, T* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = T(unary_value<kind, StandardMath, double>(double(x[i])));
}

template <UnaryKind kind, class T>
void derivatives(const T* x, const T* y, const T* dy, T* dx, int64_t n) {
  constexpr DerivativeNeeds needs = derivative_needs(kind);
  for (int64_t i = 0; i < n; ++i) {
    const double in = needs == DerivativeNeeds::input ? double(x[i]) : 0, out = needs == DerivativeNeeds::output ? double(y[i]) : 0;
    dx[i] = T(double(dy[i]) * unary_derivative<kind, StandardMath, double>(in, out));
  }
}

template <class T>
void unary_reference(UnaryKind kind, const T* x, T* y, int64_t n) {
  with_kind(kind, [&]<UnaryKind k>() { values<k>(x, y, n); });
}

// The fast sine and cosine stop at sin_cos_limit; a block with anything beyond it is left to the library.
template <UnaryKind kind, class T>
bool too_far([[maybe_unused]] const T* x, [[maybe_unused]] int64_t n) {
  if constexpr ((kind == UnaryKind::sin || kind == UnaryKind::cos) && !std::is_same_v<T, double>) {
    float largest = 0;
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(float(x[i])));
    return largest > sin_cos_limit;
  }
  return false;
}

// Calls body(first, last) for blocks of [0, n), in parallel.
template <UnaryKind kind, class Body>
void for_blocks(int64_t n, Body&& body) {
  constexpr int64_t step = kind == UnaryKind::sin || kind == UnaryKind::cos ? short_block : grain;
  parallel_for(n, grain, [&](int64_t first, int64_t last) {
    for (int64_t at = first; at < last; at += step) body(at, std::min(last, at + step));
  });
}

template <class T>
void unary_fast(UnaryKind kind, const T* x, T* y, int64_t n) {
  using A = accumulate_t<T>;
  with_kind(kind, [&]<UnaryKind k>() {
    for_blocks<k>(n, [=](int64_t first, int64_t last) {
      if (too_far<k>(x + first, last - first)) return values<k>(x + first, y + first, last - first);
      store_each<A>(last - first, y + first, [in = x + first](int64_t i) { return unary_value<k, FastMath, A>(A(in[i])); });
    });
  });
}

template <class T>
void unary_backward_reference(UnaryKind kind, const T* x, const T* y, const T* dy, T* dx, int64_t n) {
  with_kind(kind, [&]<UnaryKind k>() { derivatives<k>(x, y, dy, dx, n); });
}

template <class T>
void unary_backward_fast(UnaryKind kind, const T* x, const T* y, const T* dy, T* dx, int64_t n) {
  using A = accumulate_t<T>;
  with_kind(kind, [&]<UnaryKind k>() {
    constexpr DerivativeNeeds needs = derivative_needs(k);
    const T* known = needs == DerivativeNeeds::output ? y : x;
    for_blocks<k>(n, [=](int64_t first, int64_t last) {
      if constexpr (needs == DerivativeNeeds::nothing) {
        for (int64_t i = first; i < last; ++i) dx[i] = T(A(dy[i]) * unary_derivative<k, FastMath, A>(A(0), A(0)));
      } else {
        if (too_far<k>(known + first, last - first)) return derivatives<k>(x + first, y, dy + first, dx + first, last - first);
        store_each<A>(last - first, dx + first, [in = known + first, given = dy + first](int64_t i) {
          return A(given[i]) * unary_derivative<k, FastMath, A>(A(in[i]), A(in[i]));
        });
      }
    });
  });
}

template <class T>
void clamp_reference(const T* x, T* y, int64_t n, double low, double high) {
  for (int64_t i = 0; i < n; ++i) y[i] = T(double(x[i]) < low ? low : double(x[i]) > high ? high : double(x[i]));
}

template <class T>
void clamp_fast(const T* x, T* y, int64_t n, double low, double high) {
  using A = accumulate_t<T>;
  const A lo = A(low), hi = A(high);
  parallel_for(n, grain, [=](int64_t first, int64_t last) {
#pragma omp simd
    for (int64_t i = first; i < last; ++i) {
      const A v = A(x[i]), raised = v < lo ? lo : v;
      store(y[i], raised > hi ? hi : raised);
    }
  });
}

template <class T>
void clamp_backward_reference(const T* x, const T* dy, T* dx, int64_t n, double low, double high) {
  for (int64_t i = 0; i < n; ++i) dx[i] = low <= double(x[i]) && double(x[i]) <= high ? dy[i] : T(0.0f);
}

template <class T>
void clamp_backward_fast(const T* x, const T* dy, T* dx, int64_t n, double low, double high) {
  parallel_for(n, grain, [=](int64_t first, int64_t last) { clamp_backward_reference(x + first, dy + first, dx + first, last - first, low, high); });
}

}  // namespace

ITO_REGISTER_KERNEL(Unary, Device::cpu, "reference", unary_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Unary, Device::cpu, "fast", unary_fast, float, double, bfloat16);
ITO_REGISTER_KERNEL(UnaryBackward, Device::cpu, "reference", unary_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(UnaryBackward, Device::cpu, "fast", unary_backward_fast, float, double, bfloat16);
ITO_REGISTER_KERNEL(Clamp, Device::cpu, "reference", clamp_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Clamp, Device::cpu, "fast", clamp_fast, float, double, bfloat16);
ITO_REGISTER_KERNEL(ClampBackward, Device::cpu, "reference", clamp_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(ClampBackward, Device::cpu, "fast", clamp_backward_fast, float, double, bfloat16);

}  // namespace ito::kernels
