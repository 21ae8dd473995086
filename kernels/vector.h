// A vector register of numbers, by the compilers' vector extension, and the ways between it and memory. They go through types that say what they
// mean, not through memcpy: that g++ 12 makes of two halves that wait on the stack for one another.
#pragma once

#include <cstdint>
#include <utility>

#include "kernels/store.h"

namespace ito::kernels {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct VectorTypes {
  static constexpr int lanes = vector_bytes / int(sizeof(T));
  typedef T Vector __attribute__((vector_size(vector_bytes)));
  typedef uint32_t Bits __attribute__((vector_size(vector_bytes)));
  typedef uint16_t Halves __attribute__((vector_size(vector_bytes / 2)));
  typedef uint16_t HalvesInMemory __attribute__((vector_size(vector_bytes / 2), aligned(2), may_alias));
};
template <class T>
using Vector = typename VectorTypes<T>::Vector;
template <class T, class Stored>
struct VectorInMemory {  // as far aligned as what is stored there
  typedef T Type __attribute__((vector_size(vector_bytes), aligned(alignof(Stored)), may_alias));
};

// As many values as the vector has lanes; bfloat16s are widened. Stored may be something else of T's size: its bits are then moved as they are.
template <class T, class Stored>
Vector<T> load_vector(const Stored* from) {
  using Types = VectorTypes<T>;
  if constexpr (std::is_same_v<Stored, bfloat16>) {
    const typename Types::Halves halves = *reinterpret_cast<const typename Types::HalvesInMemory*>(from);
    return Vector<T>(__builtin_convertvector(halves, typename Types::Bits) << 16);
  } else {
    static_assert(sizeof(Stored) == sizeof(T));
    return *reinterpret_cast<const typename VectorInMemory<T, Stored>::Type*>(from);
  }
}
// bfloat16 rounds as its constructor does.
template <class T, class Stored>
void store_vector(const Vector<T>& v, Stored* to) {
  using Types = VectorTypes<T>;
  if constexpr (std::is_same_v<Stored, bfloat16>) {
    const auto bits = typename Types::Bits(v);
    const auto rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16, quiet = (bits >> 16) | 0x40U;
    *reinterpret_cast<typename Types::HalvesInMemory*>(to) =
        __builtin_convertvector((bits & 0x7fffffffU) > 0x7f800000U ? quiet : rounded, typename Types::Halves);
  } else {
    static_assert(sizeof(Stored) == sizeof(T));
    *reinterpret_cast<typename VectorInMemory<T, Stored>::Type*>(to) = v;
  }
}

// The first `count` lanes, the others 0. T is the type of the vector, Stored that of the memory.
template <class T, class Stored>
Vector<T> load_vector(const Stored* from, int64_t count) {
  constexpr int lanes = VectorTypes<T>::lanes;
  if (count == lanes) return load_vector<T>(from);
  T values[lanes] = {};
  convert(from, count, values);
  return load_vector<T>(values);
}
template <class T, class Stored>
void store_vector(const Vector<T>& v, Stored* to, int64_t count) {
  constexpr int lanes = VectorTypes<T>::lanes;
  if (count == lanes) return store_vector<T>(v, to);
  T values[lanes];
  store_vector<T>(v, values);
  convert(values, count, to);
}

// The elements of a and b in turn, from their first or second halves.
template <class T, int half, size_t... i>
Vector<T> interleave(const Vector<T>& a, const Vector<T>& b, std::index_sequence<i...>) {
  constexpr int lanes = VectorTypes<T>::lanes;
  return __builtin_shufflevector(a, b, int(i / 2) + half * lanes / 2 + int(i % 2) * lanes...);
}

// As many vectors as each has lanes: rows become columns.
template <class T>
void transpose_vectors(Vector<T> (&line)[VectorTypes<T>::lanes]) {
  constexpr int lanes = VectorTypes<T>::lanes;
  constexpr auto indices = std::make_index_sequence<lanes>();
  for (int step = 1; step < lanes; step *= 2) {
    Vector<T> next[lanes];
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = interleave<T, 0>(line[i], line[i + lanes / 2], indices);
      next[2 * i + 1] = interleave<T, 1>(line[i], line[i + lanes / 2], indices);
    }
    for (int i = 0; i < lanes; ++i) line[i] = next[i];
  }
}

}  // namespace ito::kernels
