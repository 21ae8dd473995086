// The kernels of the emulator's bench, compiled plain and with access traces.
#pragma once

namespace ito::bench {

constexpr int side = 128;  // of the matrices x, y and z, on the device

struct Buffers {
  float *x, *y, *z;
};

void run_plain(const Buffers& buffers, const char* kernel);
void run_traced(const Buffers& buffers, const char* kernel);

}  // namespace ito::bench
