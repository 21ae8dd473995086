// The index lists of a batched matmul as kernel arguments. A launch takes a run of matrices whose index is  first + i / repeat % count,
// which is what leading axes that broadcast give; any other list falls into several runs.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/host_device.h"
#include "kernels/matmul/matmul.h"

namespace ito::kernels {

struct IndexRun {
  int64_t first = 0;
  int repeat = 1, count = 1;
  ITO_HOST_DEVICE int64_t at(int i) const { return first + i / repeat % count; }

  static constexpr size_t most = 65535;  // blocks of a grid along z

  // The run that begins at index[begin], and how long it is.
  static IndexRun starting(const std::vector<int64_t>& index, size_t begin, int& length) {
    const int n = int(std::min<size_t>(index.size() - begin, most));
    const int64_t* list = index.data() + begin;
    IndexRun run{list[0], 1, 1};
    while (run.repeat < n && list[run.repeat] == run.first) ++run.repeat;
    while (run.count * run.repeat < n && list[run.count * run.repeat] == run.first + run.count) ++run.count;
    for (length = 0; length < n && list[length] == run.at(length);) ++length;
    return run;
  }
};

// Calls f(run of A's indices, run of B's, first matrix of y, how many) until all are done.
template <class F>
void for_each_run(const MatmulShape& s, F&& f) {
  for (size_t begin = 0; begin < s.a_index.size();) {
    int a_length = 0, b_length = 0;
    const IndexRun a = IndexRun::starting(s.a_index, begin, a_length), b = IndexRun::starting(s.b_index, begin, b_length);
    const int count = std::min(a_length, b_length);
    f(a, b, int64_t(begin), count);
    begin += size_t(count);
  }
}

}  // namespace ito::kernels
