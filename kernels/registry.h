// The table of kernels: op x device x variant, typed by the op's signature.
//
//   template <class T>
//   using SoftmaxForward = Kernel<"softmax_forward", T, void(const T* x, T* y, int64_t rows, int64_t cols)>;   // the contract
//   ITO_REGISTER_KERNEL(SoftmaxForward, Device::cpu, "reference", softmax_reference, float, double);          // a variant
//   SoftmaxForward<float>::on(Device::cpu)(x, y, rows, cols);                                                  // a call
//
// The default is the variant of the highest rank: the first rungs of a ladder ("reference", "naive") give way to Ito's other variants, those to a
// vendor library's; among equals the last registered wins. ITO_KERNEL=softmax_forward:reference[,op:variant] picks another,
// ITO_KERNEL=*:reference that variant of every op that has it.
//
// Kernels of the emulated device are compiled twice, plain and with access traces (kernels/simt); both register under one variant, and
// run_checked_set() says which of the two is called.
#pragma once

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/memory.h"

namespace ito::kernels {

// A string as a template argument.
template <size_t N>
struct Name {
  char characters[N];
  constexpr Name(const char (&text)[N]) { std::copy_n(text, N, characters); }
};

using AnyFunction = void (*)();

// One row of the table, as `ito kernels list` and the completeness tests see it.
struct KernelRow {
  std::string_view op;
  DType dtype;
  Device device;
  std::string_view variant;
  std::string_view file;
  int line;
  AnyFunction function[2] = {};  // plain, checked: of the type of the op's signature
  bool used = false;             // has been looked up for a call
};
const std::vector<KernelRow>& kernel_rows();

// Pins a variant of an op, or of every op that has it ("*"), for this process; an empty variant lifts the pin. ITO_KERNEL does the same
// from outside.
void pin_variant(std::string_view op, std::string_view variant);

// Whether the emulated device runs the kernels that were compiled with access traces.
void run_checked_set(bool checked);

// Ops whose kernel has been chosen since the last call: after a change of pins, those that ran.
std::set<std::string> take_chosen_ops();

namespace detail {
void add_kernel(KernelRow row, AnyFunction function, bool checked);  // throws Error on a duplicate
// As Kernel::on and Kernel::named.
AnyFunction chosen_kernel(std::string_view op, DType dtype, Device device);
AnyFunction named_kernel(std::string_view op, DType dtype, Device device, std::string_view variant);
extern unsigned pin_generation;  // changes with every pin, so that a cached choice is looked up again
}  // namespace detail

template <Name name, class T, class Signature>
struct Kernel {
  using Function = Signature*;
  using Element = T;

  static constexpr std::string_view op() { return name.characters; }

  static void add(Device device, std::string_view variant, Function function, std::string_view file, int line, bool checked = false) {
    detail::add_kernel({op(), dtype_of<T>::value, device, variant, file, line}, reinterpret_cast<AnyFunction>(function), checked);
  }

  // The pinned variant, else the default. Throws Error when there is none.
  static Function on(Device device) {
    struct Choice {
      std::atomic<AnyFunction> function = nullptr;
      std::atomic<unsigned> generation = ~0U;
    };
    static Choice choices[2];
    Choice& choice = choices[size_t(device)];
    if (choice.generation.load(std::memory_order_acquire) != detail::pin_generation) {
      choice.function.store(detail::chosen_kernel(op(), dtype_of<T>::value, device), std::memory_order_relaxed);
      choice.generation.store(detail::pin_generation, std::memory_order_release);
    }
    return reinterpret_cast<Function>(choice.function.load(std::memory_order_relaxed));
  }

  // For a variant that leaves some calls to another. Throws Error when there is none of that name.
  static Function named(Device device, std::string_view variant) {
    return reinterpret_cast<Function>(detail::named_kernel(op(), dtype_of<T>::value, device, variant));
  }
};

template <class... Ts, class Add>
bool add_for_types(Add&& add) {
  (add.template operator()<Ts>(), ...);
  return true;
}

}  // namespace ito::kernels

#ifdef ITO_SIMT_CHECKED
#define ITO_CHECKED_SET true
#else
#define ITO_CHECKED_SET false
#endif

#define ITO_CONCAT_(a, b) a##b
#define ITO_CONCAT(a, b) ITO_CONCAT_(a, b)
// Registers function template `function` as a variant of kernel template `kernel` for the element types that follow.
#define ITO_REGISTER_KERNEL(kernel, device, variant, function, ...)                                                     \
  [[maybe_unused]] static const bool ITO_CONCAT(registered_, __COUNTER__) = ::ito::kernels::add_for_types<__VA_ARGS__>( \
      []<class T>() { kernel<T>::add(device, variant, &function<T>, __FILE__, __LINE__, ITO_CHECKED_SET); })
