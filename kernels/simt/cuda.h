// CUDA C++ on the host: what a kernel file may use when the host's compiler compiles it for the emulator.
//
// Two things differ from CUDA's own syntax, as no C++ compiler would parse them:
//   launch(kernel, {grid, block, shared_bytes}, arguments...)   for kernel<<<grid, block, shared_bytes>>>(arguments...)
//   dynamic_shared<T>()                                         for extern __shared__ T memory[]
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/simt/barriers.h"
#include "kernels/simt/block.h"
#include "kernels/simt/launch.h"
#include "kernels/simt/notes.h"
#include "kernels/simt/variables.h"

// Kernels are compiled twice, plain and instrumented; what a header defines for them goes into this namespace, so that the linker keeps both.
#ifdef ITO_SIMT_CHECKED
#define ITO_CUDA_SET checked_set
#else
#define ITO_CUDA_SET plain_set
#endif

#include "kernels/simt/wmma.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __shared__ static thread_local
#define __constant__ static const
// Empty instructions before the kernel's entry, one for 32 threads: launch() reads the promise from them.
#define __launch_bounds__(threads, ...) __attribute__((noinline, patchable_function_entry(((threads) + 31) / 32, ((threads) + 31) / 32)))

#define threadIdx (::ito::simt::variables.thread)
#define blockIdx (::ito::simt::variables.block)
#define blockDim (::ito::simt::variables.block_size)
#define gridDim (::ito::simt::variables.grid_size)

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) double2 {
  double x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
constexpr float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
constexpr float2 make_float2(float x, float y) { return {x, y}; }

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

using simt::Place;
constexpr int warpSize = simt::warp_size;
constexpr uint32_t full_warp = 0xffffffffU;

// What the emulator does for a kernel is not the kernel's.
#define ITO_UNTRACED __attribute__((no_sanitize("thread")))

// ---- barriers

inline void __syncthreads(ITO_PLACE) {
  if (!simt::barrier_left_out(file, line)) simt::current_block().barrier(simt::Block::Votes::none, false, "__syncthreads", {file, line});
}
inline int __syncthreads_count(int vote, ITO_PLACE) {
  return simt::current_block().barrier(simt::Block::Votes::count, vote != 0, "__syncthreads_count", {file, line});
}
inline int __syncthreads_and(int vote, ITO_PLACE) {
  return simt::current_block().barrier(simt::Block::Votes::all, vote != 0, "__syncthreads_and", {file, line});
}
inline int __syncthreads_or(int vote, ITO_PLACE) {
  return simt::current_block().barrier(simt::Block::Votes::any, vote != 0, "__syncthreads_or", {file, line});
}

inline void __syncwarp(uint32_t mask = full_warp, ITO_PLACE) {
  if (simt::barrier_left_out(file, line)) return;
  const auto meet = [](uint32_t lanes, void* const*) {
    if (simt::current_block().traced()) simt::checker_sync_warp(lanes, simt::variables.lane / warpSize * warpSize);
  };
  simt::current_block().warp_call({"__syncwarp", mask, meet, nullptr, {file, line}});
}

inline void __threadfence() {}
inline void __threadfence_block() {}

// ---- warp operations

template <class T>
struct Exchange {
  T value;
  int source;  // the lane whose value is wanted
  T answer;
  bool absent;  // that lane is not in the mask
};

template <class T>
T exchange(const char* name, uint32_t mask, T value, int source, Place place) {
  static_assert(std::is_trivially_copyable_v<T>);
  Exchange<T> own{value, source, value, false};
  const auto meet = [](uint32_t lanes, void* const* values) ITO_UNTRACED {
    for (int l = 0; l < warpSize; ++l) {
      if (!(lanes >> l & 1)) continue;
      auto& mine = *static_cast<Exchange<T>*>(values[l]);
      const auto* theirs = static_cast<const Exchange<T>*>(values[mine.source]);
      mine.absent = !theirs;
      if (theirs) mine.answer = theirs->value;
    }
  };
  simt::current_block().warp_call({name, mask, meet, &own, place});
  if (own.absent) simt::current_block().stop_absent_source(name, mask, source, place);
  return own.answer;
}

inline int lane_id() { return simt::variables.lane % warpSize; }

// The first lane of the group of `width` lanes that this one is in.
inline int group_start(const char* name, int width, Place place) {
  if (!std::has_single_bit(unsigned(width)) || width > warpSize) simt::current_block().stop_width(name, width, place);
  return lane_id() & -width;
}

template <class T>
T __shfl_sync(uint32_t mask, T value, int source, int width = warpSize, ITO_PLACE) {
  const int first = group_start("__shfl_sync", width, {file, line});
  return exchange("__shfl_sync", mask, value, first + (source & (width - 1)), {file, line});
}
template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = warpSize, ITO_PLACE) {
  const int lane = lane_id(), source = lane ^ bits, first = group_start("__shfl_xor_sync", width, {file, line});
  return exchange("__shfl_xor_sync", mask, value, source < first + width ? source : lane, {file, line});
}
template <class T>
T __shfl_down_sync(uint32_t mask, T value, unsigned distance, int width = warpSize, ITO_PLACE) {
  const int lane = lane_id(), source = lane + int(distance), first = group_start("__shfl_down_sync", width, {file, line});
  return exchange("__shfl_down_sync", mask, value, source < first + width ? source : lane, {file, line});
}
template <class T>
T __shfl_up_sync(uint32_t mask, T value, unsigned distance, int width = warpSize, ITO_PLACE) {
  const int lane = lane_id(), source = lane - int(distance);
  return exchange("__shfl_up_sync", mask, value, source >= group_start("__shfl_up_sync", width, {file, line}) ? source : lane, {file, line});
}

inline uint32_t __ballot_sync(uint32_t mask, int vote, ITO_PLACE) {
  uint64_t own = vote != 0;  // the answer comes back in the upper half
  const auto meet = [](uint32_t lanes, void* const* values) ITO_UNTRACED {
    uint64_t bits = 0;
    for (int l = 0; l < warpSize; ++l)
      if (lanes >> l & 1) bits |= (*static_cast<const uint64_t*>(values[l]) & 1) << l;
    for (int l = 0; l < warpSize; ++l)
      if (lanes >> l & 1) *static_cast<uint64_t*>(values[l]) = bits << 32;
  };
  simt::current_block().warp_call({"__ballot_sync", mask, meet, &own, {file, line}});
  return uint32_t(own >> 32);
}
inline int __any_sync(uint32_t mask, int vote, ITO_PLACE) { return __ballot_sync(mask, vote, file, line) != 0; }
inline int __all_sync(uint32_t mask, int vote, ITO_PLACE) { return __ballot_sync(mask, vote, file, line) == mask; }

inline uint32_t __activemask(ITO_PLACE) { simt::current_block().stop_active_mask({file, line}); }

// ---- atomics: real ones, as blocks run on several threads. Each returns the old value.

template <class T, class F>
__attribute__((noinline)) T atomic_update(T* address, F&& f) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  simt::note_access(address, sizeof(T), simt::AccessKind::atomic, __builtin_return_address(0));
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  auto* bits = reinterpret_cast<Bits*>(address);
  Bits old = __atomic_load_n(bits, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(bits, &old, std::bit_cast<Bits>(f(std::bit_cast<T>(old))), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return std::bit_cast<T>(old);
}

#define ITO_ATOMIC __attribute__((always_inline)) inline
template <class T>
ITO_ATOMIC T atomicAdd(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [=](T old) { return T(old + value); });
}
template <class T>
ITO_ATOMIC T atomicMax(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [=](T old) { return old < value ? value : old; });
}
template <class T>
ITO_ATOMIC T atomicMin(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [=](T old) { return value < old ? value : old; });
}
template <class T>
ITO_ATOMIC T atomicExch(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [=](T) { return value; });
}
template <class T>
ITO_ATOMIC T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return atomic_update(address, [=](T old) { return old == expected ? value : old; });
}

// ---- arithmetic

inline float __expf(float x) { return std::exp(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
// The sine and cosine of pi x. The nearest multiple of a half is taken off first, which is exact.
inline void sincospi(double x, double* sine, double* cosine) {
  const double quarters = std::nearbyint(2 * x), rest = 3.14159265358979323846 * (x - quarters / 2), s = std::sin(rest), c = std::cos(rest);
  const int turn = int(std::fmod(quarters, 4)) & 3;
  *sine = turn == 0 ? s : turn == 1 ? c : turn == 2 ? -s : -c;
  *cosine = turn == 0 ? c : turn == 1 ? -s : turn == 2 ? -c : s;
}
inline void sincospif(float x, float* sine, float* cosine) {
  double s, c;
  sincospi(x, &s, &c);
  *sine = float(s);
  *cosine = float(c);
}
template <class T>
T __ldg(const T* address) {
  return *address;
}
inline int __popc(uint32_t bits) { return std::popcount(bits); }
inline int __ffs(uint32_t bits) { return bits ? std::countr_zero(bits) + 1 : 0; }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return uint32_t(uint64_t(a) * b >> 32); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }

// ---- launches

template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(simt::dynamic_shared_memory());
}

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  Place where;
  Launch(dim3 grid_, dim3 block_, size_t shared_bytes_ = 0, ITO_PLACE) : grid(grid_), block(block_), shared_bytes(shared_bytes_), where{file, line} {}
};

// Where a kernel's parameters lie among its argument bytes: one after the other, each at a multiple of its alignment. Last, their end.
template <class... Parameters>
constexpr std::array<size_t, sizeof...(Parameters) + 1> parameter_offsets() {
  std::array<size_t, sizeof...(Parameters) + 1> offsets{};
  size_t end = 0, i = 0;
  // NOLINTNEXTLINE(bugprone-sizeof-expression): the size of a pointer is meant
  ((offsets[i++] = end = (end + alignof(Parameters) - 1) / alignof(Parameters) * alignof(Parameters), end += sizeof(Parameters)), ...);
  offsets[i] = end;
  return offsets;
}

template <class... Parameters>
void enter_kernel(const void* kernel, bool traced, Parameters... values) {
  simt::variables.traced = traced;  // from here on: what was copied before was no access of the kernel
  reinterpret_cast<void (*)(Parameters...)>(const_cast<void*>(kernel))(values...);
  simt::variables.traced = false;
}

template <class... Parameters, size_t... i>
simt::LaunchRecord launch_record(std::index_sequence<i...>, const Launch& l, const void* kernel, const Parameters&... arguments) {
  static_assert(((std::is_trivially_copyable_v<Parameters> && alignof(Parameters) <= 16) && ...), "arguments go to a kernel as bytes");
  static constexpr auto offsets = parameter_offsets<Parameters...>();
  static_assert(offsets.back() <= 32764, "a kernel's parameters may take 32,764 bytes");
  simt::LaunchRecord record(l.grid, l.block, l.shared_bytes, l.where, kernel, offsets.back());
  record.call = [](const void* k, const std::byte* a, bool traced) {
    enter_kernel<Parameters...>(k, traced, *reinterpret_cast<const Parameters*>(a + offsets[i])...);
  };
  // NOLINTNEXTLINE(bugprone-sizeof-expression): as above
  (record.put(int(i), offsets[i], &arguments, sizeof(Parameters), std::is_pointer_v<Parameters>), ...);
  return record;
}

// Puts the kernel on the stream. Throws Error when the device would refuse it.
template <class... Parameters>
void launch(void (*kernel)(Parameters...), const Launch& l, std::type_identity_t<Parameters>... arguments) {
  simt::enqueue(launch_record<Parameters...>(std::index_sequence_for<Parameters...>(), l, reinterpret_cast<const void*>(kernel), arguments...));
}

// Lets the kernel have so much dynamic shared memory; needed above 48 KiB.
template <class... Parameters>
void allow_shared_bytes(void (*kernel)(Parameters...), size_t bytes) {
  simt::allow_shared_bytes(reinterpret_cast<const void*>(kernel), bytes);
}

inline int multiprocessors() { return simt::settings().multiprocessors; }

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
