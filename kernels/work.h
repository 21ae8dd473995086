// A model of a kernel call's work: what the workbench divides the time by.
#pragma once

namespace ito::kernels {

struct Work {
  double flops = 0;
  double bytes = 0;  // read and written, each once
};

}  // namespace ito::kernels
