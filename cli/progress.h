// A line that is redrawn on a terminal; elsewhere a plain line now and then.
#pragma once

#include <cstdio>
#include <string>

namespace ito::cli {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  // share 0 to 1. Elsewhere than on a terminal, at most one line every ten seconds.
  void show(double share, const std::string& text);
  void finish();

 private:
  bool terminal_, open_ = false;
  double start_, last_ = 0;
};

// "1:05:09", "3:12"
std::string duration(double seconds);

}  // namespace ito::cli
