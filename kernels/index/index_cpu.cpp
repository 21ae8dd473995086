#include "kernels/index/index.h"

#include <vector>

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

// Calls body(position in y, position in x) for outer blocks [first, last) and inner columns [c0, c1), in the order of i.
template <class Body>
void walk_gather(const int64_t* index, const IndexShape& s, int64_t first, int64_t last, int64_t c0, int64_t c1, Body&& body) {
  for (int64_t o = first; o < last; ++o)
    for (int64_t i = 0; i < s.count; ++i)
      for (int64_t c = c0; c < c1; ++c) {
        const int64_t at = (o * s.count + i) * s.inner + c;
        body(at, (o * s.extent + index[at]) * s.inner + c);
      }
}
template <class Body>
void walk_select(const int64_t* index, const IndexShape& s, int64_t first, int64_t last, int64_t c0, int64_t c1, Body&& body) {
  for (int64_t o = first; o < last; ++o)
    for (int64_t i = 0; i < s.count; ++i) {
      const int64_t to = (o * s.count + i) * s.inner, from = (o * s.extent + index[i]) * s.inner;
      for (int64_t c = c0; c < c1; ++c) body(to + c, from + c);
    }
}

// add(sums), where sums are x in double, rounded when all has been added.
template <class T, class Add>
void add_in_double(T* x, const IndexShape& s, Add&& add) {
  std::vector<double> sums(x, x + s.outer * s.extent * s.inner);
  add(sums.data());
  for (const double sum : sums) *x++ = T(sum);
}

template <class T>
void gather_reference(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  walk_gather(index, s, 0, s.outer, 0, s.inner, [=](int64_t to, int64_t from) { y[to] = x[from]; });
}
template <class T>
void scatter_add_reference(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  add_in_double(x, s,
                [&](double* sums) { walk_gather(index, s, 0, s.outer, 0, s.inner, [=](int64_t from, int64_t to) { sums[to] += double(y[from]); }); });
}
template <class T>
void index_select_reference(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  walk_select(index, s, 0, s.outer, 0, s.inner, [=](int64_t to, int64_t from) { y[to] = x[from]; });
}
template <class T>
void index_add_reference(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  add_in_double(x, s,
                [&](double* sums) { walk_select(index, s, 0, s.outer, 0, s.inner, [=](int64_t from, int64_t to) { sums[to] += double(y[from]); }); });
}

// Outer blocks, and within them columns, in parallel: no two tasks touch the same element of either side.
constexpr int64_t column_block = 256;

template <class Part>
void for_parts(const IndexShape& s, Part&& part) {
  const int64_t blocks = ceil_div(s.inner, column_block), size = s.count * std::min(column_block, s.inner);
  parallel_for(s.outer * blocks, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, size)), [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t o = task / blocks, c = task % blocks * column_block;
      part(o, o + 1, c, std::min(s.inner, c + column_block));
    }
  });
}

template <class T>
void gather_parallel(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  for_parts(s, [=](int64_t o0, int64_t o1, int64_t c0, int64_t c1) {
    walk_gather(index, s, o0, o1, c0, c1, [=](int64_t to, int64_t from) { y[to] = x[from]; });
  });
}
template <class T>
void scatter_add_parallel(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  for_parts(s, [=](int64_t o0, int64_t o1, int64_t c0, int64_t c1) {
    walk_gather(index, s, o0, o1, c0, c1, [=](int64_t from, int64_t to) { x[to] += y[from]; });
  });
}
template <class T>
void index_select_parallel(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  for_parts(s, [=](int64_t o0, int64_t o1, int64_t c0, int64_t c1) {
    walk_select(index, s, o0, o1, c0, c1, [=](int64_t to, int64_t from) { y[to] = x[from]; });
  });
}
template <class T>
void index_add_parallel(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  for_parts(s, [=](int64_t o0, int64_t o1, int64_t c0, int64_t c1) {
    walk_select(index, s, o0, o1, c0, c1, [=](int64_t from, int64_t to) { x[to] += y[from]; });
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Gather, Device::cpu, "reference", gather_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Gather, Device::cpu, "parallel", gather_parallel, float, double, bfloat16);
ITO_REGISTER_KERNEL(ScatterAdd, Device::cpu, "reference", scatter_add_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(ScatterAdd, Device::cpu, "parallel", scatter_add_parallel, float, double);
ITO_REGISTER_KERNEL(IndexSelect, Device::cpu, "reference", index_select_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexSelect, Device::cpu, "parallel", index_select_parallel, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexAdd, Device::cpu, "reference", index_add_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexAdd, Device::cpu, "parallel", index_add_parallel, float, double);

}  // namespace ito::kernels
