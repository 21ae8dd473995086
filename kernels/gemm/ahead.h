// Memory that is wanted soon, fetched into the second cache a few lines at a time between the products of pairs.h. Those leave the way to memory
// idle; where lines are asked for all at once, or only by what comes after the products, a core waits for most of them: of floats to be split, read
// after products, 2 billion a second instead of 7 (docs/performance.md).
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/parallel.h"

namespace ito::kernels::pairs {

class Ahead {
 public:
  // `count` values from `from` on; four times at most.
  template <class T>
  void add(const T* from, int64_t count) {
    if (count <= 0) return;
    const char* at = reinterpret_cast<const char*>(from);
    ranges_[count_++] = {at, at + count * int64_t(sizeof(T))};
    lines_ += ceil_div(count * int64_t(sizeof(T)), line);
  }
  // All of it over so many calls of some().
  void spread(int64_t calls) { each_ = ceil_div(lines_, std::max<int64_t>(1, calls)); }
  void some() {
    for (int64_t i = 0; i < each_ && now_ < count_; ++i) {
      Range& range = ranges_[now_];
      __builtin_prefetch(range.at, 0, 2);
      range.at += line;
      if (range.at >= range.end) ++now_;
    }
  }

 private:
  static constexpr int64_t line = 64;  // bytes
  struct Range {
    const char *at, *end;
  };
  Range ranges_[4];
  int count_ = 0, now_ = 0;
  int64_t lines_ = 0, each_ = 0;
};

}  // namespace ito::kernels::pairs
