// How the emulated device runs kernels. Builds without it have these two functions, too, and nothing changes there.
#pragma once

#include <cstdint>

namespace ito::simt {

enum class Order : uint8_t { forward, reverse, shuffled };

// `checked` is the slow way, in which every access is looked at; kernels are then those of the second, instrumented set.
struct Settings {
  Order order = Order::forward;
  uint64_t seed = 0;         // of Order::shuffled, for blocks and for lanes
  int multiprocessors = 16;  // what the device says that it has
  bool checked = false;
};
const Settings& settings();
// Waits for the device, then changes them. From outside: ITO_SIMT_CHECK=1, ITO_SIMT_ORDER=forward|reverse|SEED, ITO_SIMT_MULTIPROCESSORS=N.
void set_settings(const Settings& settings);

}  // namespace ito::simt
