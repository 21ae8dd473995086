// What the files of kernels with planted bugs share. Each is compiled twice, plain and with access traces, and each has one function here.
#pragma once

#include "kernels/cuda/runtime.h"
#include "kernels/simt/cuda.h"
#include "tensor/error.h"
#include "tests/simt/planted.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int planted_threads = 64;

// n elements on the device, all one.
template <class T>
struct PlantedBuffer {
  T* data;
  int n;
  explicit PlantedBuffer(int count, bool filled = true) : data(reinterpret_cast<T*>(cuda::allocate(size_t(count) * sizeof(T)))), n(count) {
    if (!filled) return;
    const std::vector<T> ones(size_t(n), T(1.0f));
    cuda::copy(data, ones.data(), size_t(n) * sizeof(T));
  }
  ~PlantedBuffer() { cuda::release(reinterpret_cast<std::byte*>(data)); }
  PlantedBuffer(const PlantedBuffer&) = delete;
  PlantedBuffer& operator=(const PlantedBuffer&) = delete;
  std::vector<T> values() const {
    std::vector<T> out(static_cast<size_t>(n));
    cuda::copy(out.data(), data, size_t(n) * sizeof(T));
    return out;
  }
};
using Buffer = PlantedBuffer<float>;

constexpr bool seen_always = false, seen_traced = true;  // by both ways of running, or only by the checked one

struct PlantedList {
  std::vector<checks::Planted> all;
  void add(const char* name, const char* says, bool traced, std::function<void(bool)> run) {
    all.push_back({name, says, traced, [run](bool bug) {
                     run(bug);
                     cuda::synchronize();
                   }});
  }
};

// template <bool bug> kernel, on one buffer of 64 floats, one block.
#define ITO_PLANTED(list, kernel, says, traced, ...)                                                     \
  list.add(#kernel, says, traced, [](bool bug) {                                                         \
    const Buffer x(planted_threads);                                                                     \
    launch(bug ? kernel<true> : kernel<false>, {1, planted_threads}, x.data __VA_OPT__(, ) __VA_ARGS__); \
    cuda::synchronize();                                                                                 \
  })

void plant_barriers(PlantedList& list);
void plant_warps(PlantedList& list);
void plant_races(PlantedList& list);
void plant_memory(PlantedList& list);
void plant_launches(PlantedList& list);
void plant_tensor_cores(PlantedList& list);

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
