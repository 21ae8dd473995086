// Kernels with planted bugs and their clean twins; tests/simt/test_simt.cpp runs both.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ito::checks {

struct Planted {
  std::string name;               // the buggy line of planted.cu ends with "// BUG name"
  std::string says;               // a part of the message
  bool traced;                    // only the checked way of running sees it
  std::function<void(bool)> run;  // launches the kernel with its bug or without it, and waits
};

std::vector<Planted> planted_plain();    // compiled as kernels usually are
std::vector<Planted> planted_checked();  // compiled with access traces

}  // namespace ito::checks
